-- +goose Up
-- What is learned of one terminal's sales: a record of fixed size, read and written by the program alone.
CREATE TABLE silence_terminals (
  terminal TEXT PRIMARY KEY,
  class    TEXT NOT NULL,
  state    BYTEA NOT NULL
);

-- What is learned of all of them, and the end of the newest hour that was taken in. It has one row.
CREATE TABLE silence_fleet (
  id       TEXT PRIMARY KEY,
  until_at BIGINT NOT NULL,
  body     TEXT NOT NULL
);

-- Days that are known to be different, and what share of an ordinary day's sales they bring.
CREATE TABLE silence_holidays (
  day    BIGINT PRIMARY KEY,
  factor DOUBLE PRECISION NOT NULL
);
