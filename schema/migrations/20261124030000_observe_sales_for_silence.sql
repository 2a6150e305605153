-- +goose Up
-- How many sales the acquirer's host approved for a terminal in an hour; what silences are judged by.
CREATE TABLE observe_sales (
  hour     BIGINT NOT NULL,
  terminal TEXT NOT NULL,
  sales    BIGINT NOT NULL,
  PRIMARY KEY (hour, terminal)
);
