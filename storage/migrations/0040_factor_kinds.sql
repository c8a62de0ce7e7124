-- +goose Up

-- kind: the type of second factor. All authenticators so far are for TOTP (RFC 6238).
ALTER TABLE authenticators ADD COLUMN kind TEXT NOT NULL DEFAULT 'totp';
