-- +goose Up
CREATE TABLE casefile_cases (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,
  terminal   TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('diagnosing', 'repairing', 'verifying', 'handed_over', 'closed')),
  opened_at  BIGINT NOT NULL,
  opened_by  TEXT NOT NULL,
  closed_at  BIGINT NOT NULL DEFAULT 0,
  outcome    TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'confirmed', 'recovered', 'unclear')),
  incident   TEXT NOT NULL DEFAULT '',
  pack_hash  TEXT NOT NULL DEFAULT '',
  diagnosis  TEXT NOT NULL DEFAULT '',
  reopened   BIGINT NOT NULL DEFAULT 0,
  revision   BIGINT NOT NULL,
  last_entry BIGINT NOT NULL DEFAULT 0,
  CHECK ((state = 'closed') = (outcome <> '')),
  CHECK ((state = 'closed') = (closed_at <> 0))
);

-- A terminal has at most one case that is not closed.
CREATE UNIQUE INDEX casefile_cases_open ON casefile_cases (terminal) WHERE state <> 'closed';
CREATE INDEX casefile_cases_newest ON casefile_cases (opened_at, id);
CREATE INDEX casefile_cases_terminal ON casefile_cases (terminal, opened_at, id);
CREATE INDEX casefile_cases_working ON casefile_cases (opened_at, id) WHERE state <> 'closed';

CREATE TABLE casefile_entries (
  case_id TEXT NOT NULL REFERENCES casefile_cases (id),
  seq     BIGINT NOT NULL,
  at      BIGINT NOT NULL,
  kind    TEXT NOT NULL,
  who     TEXT NOT NULL,
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL,
  data    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (case_id, seq)
);
