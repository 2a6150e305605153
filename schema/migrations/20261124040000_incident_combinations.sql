-- +goose Up
ALTER TABLE incident_incidents ADD COLUMN also TEXT NOT NULL DEFAULT '[]';
ALTER TABLE incident_incidents ADD COLUMN symptom TEXT NOT NULL DEFAULT 'cannot_sell';
ALTER TABLE incident_incidents ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_incidents ADD COLUMN push_attribute TEXT NOT NULL DEFAULT '';
ALTER TABLE incident_incidents ADD COLUMN push_value TEXT NOT NULL DEFAULT '';
ALTER TABLE incident_incidents ADD COLUMN push_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_incidents ADD COLUMN others BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_incidents ADD COLUMN others_of BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_incidents ADD COLUMN ratio DOUBLE PRECISION NOT NULL DEFAULT 6;

-- One open incident for one shared combination.
DROP INDEX incident_incidents_open;
CREATE UNIQUE INDEX incident_incidents_open ON incident_incidents (attribute, value, also) WHERE ended_at = 0;

-- What runs on a terminal was changed: the newest change of each kind, while it is a suspect.
CREATE TABLE incident_changes (
  terminal  TEXT NOT NULL,
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  at        BIGINT NOT NULL,
  PRIMARY KEY (terminal, attribute)
);
CREATE INDEX incident_changes_at ON incident_changes (at);

-- What the fleet is like on an ordinary day, by the hour of the week, in terminal hours.
CREATE TABLE incident_ordinary (
  hour    BIGINT NOT NULL,
  symptom TEXT NOT NULL,
  showing DOUBLE PRECISION NOT NULL,
  seen    DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (hour, symptom)
);
