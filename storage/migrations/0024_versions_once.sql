-- +goose Up

-- Without this index, several replicas that start at once on SQLite, where migrations have no lock to wait for, would each apply a step
-- that only changes rows, and record it here.
CREATE UNIQUE INDEX goose_db_version_once ON goose_db_version (version_id);
