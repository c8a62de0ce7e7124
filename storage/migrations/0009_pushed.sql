-- +goose Up

-- Authorization requests that clients sent ahead (RFC 9126). The first browser that comes with one keeps it; used_at is when it was
-- answered. A row is kept for a while after its use, so that a late browser can be sent back to the app.
CREATE TABLE pushed_requests (
    request_hash BYTEA PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    request TEXT NOT NULL,
    browser_hash BYTEA,
    created_at BIGINT NOT NULL,
    usable_until BIGINT NOT NULL,
    used_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pushed_requests_of_client ON pushed_requests (client_id);
CREATE INDEX pushed_requests_by_expiry ON pushed_requests (expires_at);
