-- +goose Up
-- A case waits for one proof at a time.
CREATE TABLE verify_watches (
  case_id  TEXT PRIMARY KEY,
  terminal TEXT NOT NULL,
  attempt  TEXT NOT NULL,
  since    BIGINT NOT NULL,
  result   TEXT NOT NULL CHECK (result IN ('waiting', 'confirmed', 'refuted', 'expired')),
  ended_at BIGINT NOT NULL,
  proof    TEXT NOT NULL
);
CREATE INDEX verify_watches_waiting ON verify_watches (case_id) WHERE result = 'waiting';
