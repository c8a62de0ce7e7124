-- +goose Up

-- exposed_at: since when the password is known to be somebody else's too. email_change_until: until when a new address can be confirmed.
ALTER TABLE users ADD COLUMN exposed_at BIGINT;
ALTER TABLE users ADD COLUMN email_change_until BIGINT;

-- The e-mail address to which a link was sent. The link does not work once that is neither the address of the account nor its new one.
ALTER TABLE tickets ADD COLUMN email TEXT NOT NULL DEFAULT '';

-- Accounts that somebody has asked for. They are made when the person follows the mailed link.
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
