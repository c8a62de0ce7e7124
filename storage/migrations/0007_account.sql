-- +goose Up

-- For closing an account, which requires that another administrator is left.
CREATE INDEX users_administrators ON users (id) WHERE admin;
