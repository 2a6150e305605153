-- +goose Up
-- When the newest of the failures in a row was, and its number: a repair is refuted by what fails after it, and one failure
-- that host and terminal both tell of counts once.
ALTER TABLE observe_states ADD COLUMN fail_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE observe_states ADD COLUMN fail_stan TEXT NOT NULL DEFAULT '';
UPDATE observe_states SET fail_at = fail_since;
