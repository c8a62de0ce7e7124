-- +goose Up

-- must_enrol: the session was opened with the last recovery code and gives access to nothing until a new authenticator is enrolled.
ALTER TABLE sessions ADD COLUMN must_enrol BOOLEAN NOT NULL DEFAULT FALSE;
