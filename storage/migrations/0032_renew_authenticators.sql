-- +goose Up

-- renew: the key is shorter than 128 bits and was imported all the same; the next sign-in with it leads to a new authenticator.
ALTER TABLE authenticators ADD COLUMN renew BOOLEAN NOT NULL DEFAULT FALSE;
