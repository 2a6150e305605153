-- +goose Up
-- Compiled packs that were in force besides the built-in one; at most one is active.
CREATE TABLE knowledge_revisions (
  hash   TEXT PRIMARY KEY,
  pack   TEXT NOT NULL,
  version TEXT NOT NULL,
  at     BIGINT NOT NULL,
  active BOOLEAN NOT NULL,
  body   TEXT NOT NULL
);
CREATE UNIQUE INDEX knowledge_revisions_active ON knowledge_revisions (pack) WHERE active;
