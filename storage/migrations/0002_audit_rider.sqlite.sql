-- +goose Up

-- A statement that opens a session or issues a grant carries its audit entry in the column event; the trigger files the entry
-- in the same statement, so neither exists without the other.

-- +goose StatementBegin
CREATE TRIGGER sessions_event_inserted AFTER INSERT ON sessions WHEN NEW.event IS NOT NULL
BEGIN
    INSERT INTO audit_events (id, at, name, user_id, body)
    VALUES (json_extract(NEW.event, '$.id'), json_extract(NEW.event, '$.at'), json_extract(NEW.event, '$.name'),
        coalesce(json_extract(NEW.event, '$.user_id'), ''), NEW.event);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER sessions_event_updated AFTER UPDATE OF event ON sessions WHEN NEW.event IS NOT NULL AND NEW.event IS NOT OLD.event
BEGIN
    INSERT INTO audit_events (id, at, name, user_id, body)
    VALUES (json_extract(NEW.event, '$.id'), json_extract(NEW.event, '$.at'), json_extract(NEW.event, '$.name'),
        coalesce(json_extract(NEW.event, '$.user_id'), ''), NEW.event);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER grants_event_inserted AFTER INSERT ON grants WHEN NEW.event IS NOT NULL
BEGIN
    INSERT INTO audit_events (id, at, name, user_id, body)
    VALUES (json_extract(NEW.event, '$.id'), json_extract(NEW.event, '$.at'), json_extract(NEW.event, '$.name'),
        coalesce(json_extract(NEW.event, '$.user_id'), ''), NEW.event);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER grants_event_updated AFTER UPDATE OF event ON grants WHEN NEW.event IS NOT NULL AND NEW.event IS NOT OLD.event
BEGIN
    INSERT INTO audit_events (id, at, name, user_id, body)
    VALUES (json_extract(NEW.event, '$.id'), json_extract(NEW.event, '$.at'), json_extract(NEW.event, '$.name'),
        coalesce(json_extract(NEW.event, '$.user_id'), ''), NEW.event);
END;
-- +goose StatementEnd
