-- +goose Up

-- The initial access token with which a client registered itself; NULL: without one, or an operator registered it. What registered itself
-- before this column was there counts as registered without one.
ALTER TABLE clients ADD COLUMN initial_token_id TEXT;
