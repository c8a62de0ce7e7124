-- +goose Up

-- A user has at most 100 sessions; the oldest make room. A trigger does that, so that a sign-in needs no further statement.

-- +goose StatementBegin
CREATE TRIGGER sessions_limited AFTER UPDATE OF completed_at ON sessions WHEN OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL
BEGIN
    DELETE FROM sessions WHERE session_hash IN (
        SELECT s.session_hash FROM sessions s WHERE s.user_id = NEW.user_id AND s.completed_at IS NOT NULL
        ORDER BY s.completed_at DESC, s.session_hash LIMIT -1 OFFSET 100);
END;
-- +goose StatementEnd
