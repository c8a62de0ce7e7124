-- +goose Up

-- What devices without a browser ask for (RFC 8628). A person decides once. If the request is approved, it becomes a row of grants whose
-- code is made from device_hash. polled_at and interval_seconds say when the device may ask again. A row is kept for a while after its end,
-- so that a late device is told about it.
CREATE TABLE device_requests (
    id TEXT PRIMARY KEY,
    device_hash BYTEA NOT NULL UNIQUE,
    user_code_mac BYTEA NOT NULL UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    approved_at BIGINT,
    denied_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX device_requests_of_client ON device_requests (client_id);
CREATE INDEX device_requests_by_expiry ON device_requests (expires_at);
