-- +goose Up

-- Claims that an app requests by name (OIDC Core section 5.5), in addition to those of its scopes. They are JSON lists like the scopes.
ALTER TABLE consents ADD COLUMN claims TEXT NOT NULL DEFAULT '[]';
ALTER TABLE grants ADD COLUMN claims TEXT NOT NULL DEFAULT '[]';
