-- +goose Up
-- Every pack that a case was diagnosed with, the built-in ones too, by the hash of its content. Never deleted: cases refer to it.
CREATE TABLE knowledge_kept (
  hash    TEXT PRIMARY KEY,
  pack    TEXT NOT NULL,
  version TEXT NOT NULL,
  body    TEXT NOT NULL
);
