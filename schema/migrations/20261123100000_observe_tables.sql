-- +goose Up
-- Every report as it came, once; the proof that nothing acknowledged is lost.
CREATE TABLE observe_reports (
  device      TEXT NOT NULL,
  boot        TEXT NOT NULL,
  seq         BIGINT NOT NULL,
  terminal    TEXT NOT NULL,
  at          BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  body        TEXT NOT NULL,
  PRIMARY KEY (device, boot, seq)
);
CREATE INDEX observe_reports_received ON observe_reports (received_at);

-- What is known of one terminal's ability to take money.
CREATE TABLE observe_states (
  terminal      TEXT PRIMARY KEY,
  contact_at    BIGINT NOT NULL,
  expects_ms    BIGINT NOT NULL,
  offset_ms     BIGINT NOT NULL,
  host_at       BIGINT NOT NULL,
  sign_in_at    BIGINT NOT NULL,
  sale_at       BIGINT NOT NULL,
  sale_rrn      TEXT NOT NULL,
  failures      BIGINT NOT NULL,
  fail_code     TEXT NOT NULL,
  fail_kind     TEXT NOT NULL,
  fail_since    BIGINT NOT NULL,
  unsent        BIGINT NOT NULL,
  stopped_since BIGINT NOT NULL,
  stopped_by    TEXT NOT NULL,
  adverse_since BIGINT NOT NULL,
  adverse_at    BIGINT NOT NULL
);
CREATE INDEX observe_states_doubt ON observe_states (terminal)
  WHERE failures > 0 OR adverse_since > 0 OR stopped_since > 0;
CREATE INDEX observe_states_contact ON observe_states (contact_at);

-- The newest state of each variable of a terminal.
CREATE TABLE observe_findings (
  terminal   TEXT NOT NULL,
  variable   TEXT NOT NULL,
  state      TEXT NOT NULL,
  since      BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  source     TEXT NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  detail     TEXT NOT NULL,
  PRIMARY KEY (terminal, variable)
);

-- The newest raw values of a terminal.
CREATE TABLE observe_readings (
  terminal TEXT NOT NULL,
  name     TEXT NOT NULL,
  value    DOUBLE PRECISION NOT NULL,
  words    TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (terminal, name)
);

-- Answers of the host, ours and the terminal's record of them; neither amount nor card.
CREATE TABLE observe_answers (
  terminal TEXT NOT NULL,
  at       BIGINT NOT NULL,
  kind     TEXT NOT NULL,
  stan     TEXT NOT NULL,
  recorder TEXT NOT NULL,
  code     TEXT NOT NULL,
  rrn      TEXT NOT NULL,
  PRIMARY KEY (terminal, at, kind, stan, recorder)
);

-- Records of feeds that were taken, so that a feed may send again.
CREATE TABLE observe_records (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);

CREATE TABLE observe_notices (
  id       TEXT PRIMARY KEY,
  kind     TEXT NOT NULL,
  scope    TEXT NOT NULL,
  value    TEXT NOT NULL,
  from_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  text_zh  TEXT NOT NULL,
  text_en  TEXT NOT NULL
);
