-- +goose Up

-- next_attempt_at is when a message is tried (again), and the end of the claim of whoever is trying it now. It is NULL once nothing is
-- left to do: then sent_at or given_up_at is set and both bodies are wiped. What an older release queues is due at once.
ALTER TABLE outbox ADD COLUMN html_sealed BYTEA;
ALTER TABLE outbox ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN expires_at BIGINT;
ALTER TABLE outbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN next_attempt_at BIGINT DEFAULT 0;
ALTER TABLE outbox ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN given_up_at BIGINT;
CREATE INDEX outbox_waiting ON outbox (next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
