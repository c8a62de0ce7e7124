-- +goose Up

-- The session that a link "this was not me" ends.
ALTER TABLE tickets ADD COLUMN sid TEXT NOT NULL DEFAULT '';
