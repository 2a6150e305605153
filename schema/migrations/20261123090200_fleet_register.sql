-- +goose Up
CREATE TABLE fleet_merchants (
  id     TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL,
  phone  TEXT NOT NULL
);

CREATE TABLE fleet_sites (
  id       TEXT PRIMARY KEY,
  merchant TEXT NOT NULL REFERENCES fleet_merchants (id),
  name     TEXT NOT NULL,
  address  TEXT NOT NULL,
  area     TEXT NOT NULL
);
CREATE INDEX fleet_sites_merchant ON fleet_sites (merchant);

CREATE TABLE fleet_terminals (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,
  acquirer   TEXT NOT NULL,
  tid        TEXT NOT NULL,
  mid        TEXT NOT NULL,
  merchant   TEXT NOT NULL REFERENCES fleet_merchants (id),
  site       TEXT NOT NULL REFERENCES fleet_sites (id),
  attributes TEXT NOT NULL,
  search     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (tenant, acquirer, tid)
);
CREATE INDEX fleet_terminals_list ON fleet_terminals (tid, id);
CREATE INDEX fleet_terminals_site ON fleet_terminals (site);
CREATE INDEX fleet_terminals_merchant ON fleet_terminals (merchant);

CREATE TABLE fleet_devices (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,
  serial     TEXT NOT NULL,
  model      TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL DEFAULT 0,
  UNIQUE (tenant, model, serial)
);

-- A key belongs to one device for good: one that was revoked never comes back.
CREATE TABLE fleet_keys (
  fingerprint TEXT PRIMARY KEY,
  device      TEXT NOT NULL REFERENCES fleet_devices (id),
  bound_at    BIGINT NOT NULL,
  revoked_at  BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX fleet_keys_live ON fleet_keys (device) WHERE revoked_at = 0;
CREATE INDEX fleet_keys_device ON fleet_keys (device);

-- Rows are only added and ended, never changed otherwise: this is the history of swaps.
CREATE TABLE fleet_bindings (
  id       TEXT PRIMARY KEY,
  terminal TEXT NOT NULL REFERENCES fleet_terminals (id),
  device   TEXT NOT NULL REFERENCES fleet_devices (id),
  since    BIGINT NOT NULL,
  until    BIGINT NOT NULL DEFAULT 0,
  who      TEXT NOT NULL
);
CREATE UNIQUE INDEX fleet_bindings_terminal ON fleet_bindings (terminal) WHERE until = 0;
CREATE UNIQUE INDEX fleet_bindings_device ON fleet_bindings (device) WHERE until = 0;
CREATE INDEX fleet_bindings_history ON fleet_bindings (terminal, since);

CREATE TABLE fleet_components (
  device  TEXT NOT NULL REFERENCES fleet_devices (id),
  kind    TEXT NOT NULL,
  name    TEXT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('waiting', 'operating', 'faulty', 'deactivated')),
  version TEXT NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (device, kind, name)
);

-- selector and code are SHA-256: neither the code nor its first characters are stored.
CREATE TABLE fleet_enrolments (
  selector   TEXT PRIMARY KEY,
  code       TEXT NOT NULL,
  terminal   TEXT NOT NULL REFERENCES fleet_terminals (id),
  who        TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  tries      BIGINT NOT NULL DEFAULT 0,
  used_at    BIGINT NOT NULL DEFAULT 0,
  used_key   TEXT NOT NULL DEFAULT '',
  device     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX fleet_enrolments_terminal ON fleet_enrolments (terminal);
