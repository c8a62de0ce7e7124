-- +goose Up

-- What an authenticator that is being enrolled is for: 'first' of an invited person, 'recovered' in place of those that were lost, 'add'
-- beside the others or 'replace' in place of the one in replaces. holder is the sign-in or browser that began it. A release that does not
-- know these columns enrols first authenticators only.
ALTER TABLE enrolments ADD COLUMN purpose TEXT NOT NULL DEFAULT 'first';
ALTER TABLE enrolments ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE enrolments ADD COLUMN holder TEXT NOT NULL DEFAULT '';

-- For an authenticator without a name, the pages show one in the language of the reader.
UPDATE authenticators SET name = '' WHERE name = 'Authenticator app';

-- Sets of new recovery codes that were shown and are not in force yet. codes_sealed is NULL once a set was put into force.
CREATE TABLE code_sheets (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    codes_sealed BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX code_sheets_by_expiry ON code_sheets (expires_at);
