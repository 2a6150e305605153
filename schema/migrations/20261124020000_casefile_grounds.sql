-- +goose Up
-- What each diagnosis of a case was made from, with its answer, so that it can be made again. Written once, never changed.
CREATE TABLE casefile_grounds (
  case_id   TEXT NOT NULL REFERENCES casefile_cases (id),
  seq       BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  pack_hash TEXT NOT NULL,
  engine    BIGINT NOT NULL,
  body      TEXT NOT NULL,
  PRIMARY KEY (case_id, seq)
);
