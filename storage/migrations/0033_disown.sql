-- +goose Up

-- The session that a "this was not me" link ends.
ALTER TABLE tickets ADD COLUMN sid TEXT NOT NULL DEFAULT '';
