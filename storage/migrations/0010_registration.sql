-- +goose Up

-- Tokens with which apps register by themselves (RFC 7591 section 3). Each registration takes one of uses_left.
CREATE TABLE initial_access_tokens (
    id TEXT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    uses BIGINT NOT NULL,
    uses_left BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX initial_access_tokens_by_expiry ON initial_access_tokens (expires_at);

-- The hash of the token with which a client that registered itself manages its registration (RFC 7592); NULL: an operator registered it.
ALTER TABLE clients ADD COLUMN registration_hash BYTEA;
CREATE INDEX clients_self_registered ON clients (id) WHERE registration_hash IS NOT NULL;
