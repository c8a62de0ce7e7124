-- +goose Up

-- Attempts that are being checked. They count against the budget of failures until they end, or if their end is never recorded, until
-- pending_until.
ALTER TABLE throttle ADD COLUMN pending BIGINT NOT NULL DEFAULT 0;
ALTER TABLE throttle ADD COLUMN pending_until BIGINT NOT NULL DEFAULT 0;
