-- +goose Up
-- What closed cases taught, one row a case.
CREATE TABLE learn_records (
  case_id   TEXT PRIMARY KEY,
  terminal  TEXT NOT NULL,
  outcome   TEXT NOT NULL,
  pack_hash TEXT NOT NULL,
  closed_at BIGINT NOT NULL,
  body      TEXT NOT NULL
);
CREATE INDEX learn_records_closed ON learn_records (closed_at);

-- Candidate numbers and what the gate said of them.
CREATE TABLE learn_candidates (
  id      TEXT PRIMARY KEY,
  at      BIGINT NOT NULL,
  base    TEXT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('rejected', 'passed', 'promoted', 'rolled_back')),
  body    TEXT NOT NULL
);
