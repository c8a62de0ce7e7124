-- +goose Up

-- renew: the key was imported although it is shorter than 128 bits; the next sign-in with it leads to a new authenticator.
ALTER TABLE authenticators ADD COLUMN renew BOOLEAN NOT NULL DEFAULT FALSE;
