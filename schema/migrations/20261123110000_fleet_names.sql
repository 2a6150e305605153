-- +goose Up
-- A sheet of terminals names its merchants; each of its lines looks for one.
CREATE INDEX fleet_merchants_name ON fleet_merchants (tenant, name);
