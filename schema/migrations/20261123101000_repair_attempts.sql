-- +goose Up
CREATE TABLE repair_attempts (
  id         TEXT PRIMARY KEY,
  case_id    TEXT NOT NULL,
  terminal   TEXT NOT NULL,
  step       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  done_by    TEXT NOT NULL,
  command    TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('planned', 'queued', 'running', 'done', 'failed', 'refused', 'expired', 'cancelled')),
  created_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL,
  expires    BIGINT NOT NULL,
  who        TEXT NOT NULL,
  words      TEXT NOT NULL,
  proof      TEXT NOT NULL
);
CREATE INDEX repair_attempts_case ON repair_attempts (case_id, created_at);
CREATE INDEX repair_attempts_waiting ON repair_attempts (terminal) WHERE state IN ('queued', 'running');
CREATE INDEX repair_attempts_due ON repair_attempts (expires) WHERE state IN ('planned', 'queued', 'running');
