-- +goose Up

-- The initial access token with which a client registered itself; NULL: it used none, or an operator registered it. A client that
-- registered itself before this column existed counts as having used none.
ALTER TABLE clients ADD COLUMN initial_token_id TEXT;
