-- +goose Up

-- The identifiers of client assertions that were used, until the assertions have expired. The hash comes first in the key because the sweep
-- deletes by it alone.
CREATE TABLE client_assertions (
    client_id TEXT NOT NULL,
    jti_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (jti_hash, client_id)
);
CREATE INDEX client_assertions_by_expiry ON client_assertions (expires_at);
