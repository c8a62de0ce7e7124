-- +goose Up

-- next_attempt_at is when a message is tried (again), and while a replica is trying it, when its claim ends. It is NULL once nothing is
-- left to do: then sent_at or given_up_at is set and both bodies are wiped. Messages that an older release queues are due at once.
ALTER TABLE outbox ADD COLUMN html_sealed BYTEA;
ALTER TABLE outbox ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN expires_at BIGINT;
ALTER TABLE outbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN next_attempt_at BIGINT DEFAULT 0;
ALTER TABLE outbox ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN given_up_at BIGINT;
CREATE INDEX outbox_waiting ON outbox (next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
