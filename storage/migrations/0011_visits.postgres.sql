-- +goose Up

-- The clients with a logout URI at which a session was used. next_attempt_at is NULL while the session lives. After that it is when the
-- logout notice is sent (again), and while a replica is sending it, when its claim ends. It is NULL again once nothing is left to do: then
-- delivered_at or given_up_at is set. A notice is sent even if the user is gone.
CREATE TABLE visits (
    sid TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    next_attempt_at BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    failure TEXT NOT NULL DEFAULT '',
    delivered_at BIGINT,
    given_up_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (sid, client_id)
);
CREATE INDEX visits_waiting ON visits (next_attempt_at, sid, client_id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX visits_of_client ON visits (client_id);
CREATE INDEX visits_by_expiry ON visits (expires_at);

-- In triggers, because many things end a session: a person, an operator, the sweep, the removal of its user.

-- +goose StatementBegin
CREATE FUNCTION end_visits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE visits SET next_attempt_at = 0 WHERE sid = OLD.sid;
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER sessions_ended AFTER DELETE ON sessions
    FOR EACH ROW WHEN (OLD.completed_at IS NOT NULL) EXECUTE FUNCTION end_visits();
CREATE TRIGGER sessions_renewed AFTER UPDATE OF sid ON sessions
    FOR EACH ROW WHEN (OLD.completed_at IS NOT NULL AND NEW.sid <> OLD.sid) EXECUTE FUNCTION end_visits();
