-- +goose Up
-- The sale that the quiet window counts from; 0 while there is none.
ALTER TABLE verify_watches ADD COLUMN sold_at BIGINT NOT NULL DEFAULT 0;
