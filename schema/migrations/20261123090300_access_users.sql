-- +goose Up
CREATE TABLE access_tenants (
  id   TEXT PRIMARY KEY,
  name TEXT NOT NULL
);
INSERT INTO access_tenants (id, name) VALUES ('default', 'posmedic');

CREATE TABLE access_users (
  id          TEXT PRIMARY KEY,
  tenant      TEXT NOT NULL REFERENCES access_tenants (id),
  name        TEXT NOT NULL,
  role        TEXT NOT NULL CHECK (role IN ('viewer', 'agent', 'operator', 'admin')),
  password    TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL DEFAULT 0,
  UNIQUE (tenant, name)
);

-- Tokens here and below are SHA-256 of what their owners hold.
CREATE TABLE access_setups (
  id         TEXT PRIMARY KEY,
  token      TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE access_sessions (
  token      TEXT PRIMARY KEY,
  person     TEXT NOT NULL REFERENCES access_users (id),
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
);
CREATE INDEX access_sessions_person ON access_sessions (person);
CREATE INDEX access_sessions_seen ON access_sessions (seen_at);

CREATE TABLE access_tokens (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL REFERENCES access_tenants (id),
  label      TEXT NOT NULL,
  scope      TEXT NOT NULL CHECK (scope IN ('feed', 'read')),
  token      TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL DEFAULT 0
);

-- Failed logins. The key is a hash: people type passwords into the wrong field.
CREATE TABLE access_failures (
  id    TEXT PRIMARY KEY,
  count BIGINT NOT NULL,
  last  BIGINT NOT NULL
);

-- Only ever added to.
CREATE TABLE access_audit (
  id     TEXT PRIMARY KEY,
  at     BIGINT NOT NULL,
  who    TEXT NOT NULL,
  what   TEXT NOT NULL,
  target TEXT NOT NULL,
  origin TEXT NOT NULL
);
CREATE INDEX access_audit_newest ON access_audit (at, id);
