-- +goose Up
-- Candidates may be tried in the shadow; a CHECK cannot be changed everywhere, so the table is made anew.
CREATE TABLE learn_candidates_new (
  id      TEXT PRIMARY KEY,
  at      BIGINT NOT NULL,
  base    TEXT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('rejected', 'shadow', 'passed', 'promoted', 'rolled_back')),
  body    TEXT NOT NULL
);
INSERT INTO learn_candidates_new (id, at, base, state, body) SELECT id, at, base, state, body FROM learn_candidates;
DROP TABLE learn_candidates;
ALTER TABLE learn_candidates_new RENAME TO learn_candidates;

-- One case diagnosed by a candidate beside the knowledge in force.
CREATE TABLE learn_trials (
  candidate TEXT NOT NULL,
  case_id   TEXT NOT NULL,
  at        BIGINT NOT NULL,
  body      TEXT NOT NULL,
  PRIMARY KEY (candidate, case_id)
);
