-- +goose Up

-- Times are microseconds since 1970 (UTC), lists and objects are JSON text, ids are random text.
-- A column named *_hash holds SHA-256 of a random 256-bit value; *_mac a keyed hash; *_sealed bytes that only the keyset opens.

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value_sealed BYTEA NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL,
    username TEXT,
    username_key TEXT UNIQUE,
    admin BOOLEAN NOT NULL,
    groups TEXT NOT NULL,
    claims TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX users_by_age ON users (created_at, id);

CREATE TABLE passwords (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE authenticators (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret_sealed BYTEA NOT NULL,
    algorithm TEXT NOT NULL,
    digits BIGINT NOT NULL,
    period BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX authenticators_of_user ON authenticators (user_id);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_mac BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, code_mac)
);

-- One-time links: an invitation opens the enrolment of a first authenticator.
CREATE TABLE tickets (
    ticket_hash BYTEA PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX tickets_of_user ON tickets (user_id);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- Authenticators that are being enrolled. Nobody can sign in with them.
CREATE TABLE enrolments (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    secret_sealed BYTEA NOT NULL,
    algorithm TEXT NOT NULL,
    digits BIGINT NOT NULL,
    period BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    confirmed_step BIGINT,
    codes_sealed BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX enrolments_by_expiry ON enrolments (expires_at);

-- completed_at is NULL until both factors were shown.
CREATE TABLE sessions (
    session_hash BYTEA PRIMARY KEY,
    sid TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    ticket_hash BYTEA,
    recovered BOOLEAN NOT NULL,
    remember BOOLEAN NOT NULL,
    amr TEXT NOT NULL,
    browser TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    last_seen_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    event TEXT
);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_idle ON sessions (idle_until);

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    secret_mac BYTEA,
    old_secret_mac BYTEA,
    old_secret_until BIGINT,
    disabled_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX clients_by_age ON clients (created_at, id);

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_of_client ON consents (client_id);

-- Authorization requests in progress, as they were validated.
CREATE TABLE flows (
    id TEXT PRIMARY KEY,
    browser_hash BYTEA NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    request TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consented_at BIGINT,
    consented_by TEXT,
    denied_at BIGINT
);
CREATE INDEX flows_of_client ON flows (client_id);
CREATE INDEX flows_by_expiry ON flows (expires_at);

-- What a person granted to a client in one authorization: first the code, then the family of refresh tokens.
CREATE TABLE grants (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    sid TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    scopes TEXT NOT NULL,
    detail TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    code_hash BYTEA NOT NULL UNIQUE,
    code_expires_at BIGINT NOT NULL,
    code_used_at BIGINT,
    code_failures BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    rotated_at BIGINT,
    idle_until BIGINT,
    revoked_at BIGINT,
    expires_at BIGINT NOT NULL,
    event TEXT
);
CREATE INDEX grants_of_user ON grants (user_id, client_id);
CREATE INDEX grants_of_client ON grants (client_id);
CREATE INDEX grants_of_session ON grants (sid);
CREATE INDEX grants_by_expiry ON grants (expires_at);

CREATE TABLE revoked_tokens (
    id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public TEXT NOT NULL,
    private_sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retired_at BIGINT,
    published_until BIGINT
);

CREATE TABLE throttle (
    key TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX throttle_by_expiry ON throttle (expires_at);

-- seq and link are NULL until the entry has been chained to its predecessor.
CREATE TABLE audit_events (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    body TEXT NOT NULL,
    seq BIGINT UNIQUE,
    link BYTEA
);
CREATE INDEX audit_events_unchained ON audit_events (at, id) WHERE seq IS NULL;
CREATE INDEX audit_events_of_user ON audit_events (user_id, at);
CREATE INDEX audit_events_by_age ON audit_events (at, id);

CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    link BYTEA NOT NULL
);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX outbox_by_age ON outbox (created_at, id);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Each change of what replicas cache in memory raises the number of its kind.
CREATE TABLE versions (
    name TEXT PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO versions (name, version) VALUES ('clients', 1), ('signing_keys', 1);
