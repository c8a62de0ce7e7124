-- +goose Up

-- Closing an account asks whether another administrator is left.
CREATE INDEX users_administrators ON users (id) WHERE admin;
