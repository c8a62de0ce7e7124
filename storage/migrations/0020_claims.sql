-- +goose Up

-- Claims that an app gets by name (OIDC Core section 5.5), beside those that its scopes bring: JSON lists, as scopes are.
ALTER TABLE consents ADD COLUMN claims TEXT NOT NULL DEFAULT '[]';
ALTER TABLE grants ADD COLUMN claims TEXT NOT NULL DEFAULT '[]';
