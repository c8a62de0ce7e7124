-- +goose Up

-- A step that only changes rows would else be applied, and noted here, by each of several replicas that start at once on SQLite, where
-- there is no lock for migrations to wait at.
CREATE UNIQUE INDEX goose_db_version_once ON goose_db_version (version_id);
