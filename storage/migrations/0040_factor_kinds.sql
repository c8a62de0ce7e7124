-- +goose Up

-- kind: which sort of second factor an authenticator is; everything so far is a TOTP authenticator (RFC 6238).
ALTER TABLE authenticators ADD COLUMN kind TEXT NOT NULL DEFAULT 'totp';
