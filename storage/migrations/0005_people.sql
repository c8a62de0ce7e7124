-- +goose Up

-- exposed_at: since when somebody else is known to have the password. email_change_until: until when a new address waits to be confirmed.
ALTER TABLE users ADD COLUMN exposed_at BIGINT;
ALTER TABLE users ADD COLUMN email_change_until BIGINT;

-- The e-mail address that a link was sent to: it is worth nothing once that is not the account's, or not the new one, any more.
ALTER TABLE tickets ADD COLUMN email TEXT NOT NULL DEFAULT '';

-- Accounts that somebody asked for and that begin to exist when the mailed link is followed.
CREATE TABLE registrations (
    secret_hash BYTEA PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX registrations_of_address ON registrations (email_key);
CREATE INDEX registrations_by_expiry ON registrations (expires_at);
