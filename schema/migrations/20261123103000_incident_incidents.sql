-- +goose Up
CREATE TABLE incident_incidents (
  id        TEXT PRIMARY KEY,
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  ended_at  BIGINT NOT NULL,
  failing   BIGINT NOT NULL,
  total     BIGINT NOT NULL,
  peak      BIGINT NOT NULL,
  notice    TEXT NOT NULL
);
-- One open incident for one shared value.
CREATE UNIQUE INDEX incident_incidents_open ON incident_incidents (attribute, value) WHERE ended_at = 0;

CREATE TABLE incident_members (
  incident TEXT NOT NULL,
  terminal TEXT NOT NULL,
  since    BIGINT NOT NULL,
  PRIMARY KEY (incident, terminal)
);
CREATE INDEX incident_members_terminal ON incident_members (terminal);
