-- +goose Up

-- A user has at most 100 sessions; the oldest make room. A trigger does that, so that a sign-in needs no further statement.

-- +goose StatementBegin
CREATE FUNCTION limit_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions WHERE session_hash IN (
        SELECT s.session_hash FROM sessions s WHERE s.user_id = NEW.user_id AND s.completed_at IS NOT NULL
        ORDER BY s.completed_at DESC, s.session_hash OFFSET 100);
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER sessions_limited AFTER UPDATE OF completed_at ON sessions
    FOR EACH ROW WHEN (OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL) EXECUTE FUNCTION limit_sessions();
