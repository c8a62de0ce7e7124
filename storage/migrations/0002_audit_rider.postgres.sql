-- +goose Up

-- A statement that opens a session or issues a grant carries its audit entry in the column event; the trigger files the entry
-- in the same statement, so neither exists without the other.

-- +goose StatementBegin
CREATE FUNCTION file_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry json := NEW.event::json;
BEGIN
    INSERT INTO audit_events (id, at, name, user_id, body)
    VALUES (entry ->> 'id', (entry ->> 'at')::bigint, entry ->> 'name', coalesce(entry ->> 'user_id', ''), NEW.event);
    RETURN NULL;
END;
$$;
-- +goose StatementEnd

CREATE TRIGGER sessions_event_inserted AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.event IS NOT NULL) EXECUTE FUNCTION file_audit_event();
CREATE TRIGGER sessions_event_updated AFTER UPDATE OF event ON sessions
    FOR EACH ROW WHEN (NEW.event IS NOT NULL AND NEW.event IS DISTINCT FROM OLD.event) EXECUTE FUNCTION file_audit_event();
CREATE TRIGGER grants_event_inserted AFTER INSERT ON grants
    FOR EACH ROW WHEN (NEW.event IS NOT NULL) EXECUTE FUNCTION file_audit_event();
CREATE TRIGGER grants_event_updated AFTER UPDATE OF event ON grants
    FOR EACH ROW WHEN (NEW.event IS NOT NULL AND NEW.event IS DISTINCT FROM OLD.event) EXECUTE FUNCTION file_audit_event();
