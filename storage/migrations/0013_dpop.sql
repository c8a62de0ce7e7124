-- +goose Up

-- DPoP proofs that were used (RFC 9449 section 11.1), as hashes of key and jti together, until they are too old to be accepted anyway.
CREATE TABLE dpop_proofs (
    proof_hash BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX dpop_proofs_by_expiry ON dpop_proofs (expires_at);

-- The key that the refresh tokens of a public client are bound to; NULL: none.
ALTER TABLE grants ADD COLUMN dpop_jkt TEXT;
