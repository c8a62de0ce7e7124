-- +goose Up

-- Attempts that are being judged: they take room in the budget of failures until pending_until, and no longer should nobody say how they ended.
ALTER TABLE throttle ADD COLUMN pending BIGINT NOT NULL DEFAULT 0;
ALTER TABLE throttle ADD COLUMN pending_until BIGINT NOT NULL DEFAULT 0;
