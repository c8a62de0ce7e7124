-- +goose Up

-- A user has one ticket of a kind, so that a new link replaces the one before it whoever asks for both at once. Only mails about sign-ins
-- are each about another one.
DELETE FROM tickets WHERE kind <> 'disown' AND EXISTS (
    SELECT 1 FROM tickets o WHERE o.user_id = tickets.user_id AND o.kind = tickets.kind
        AND (o.created_at > tickets.created_at OR o.created_at = tickets.created_at AND o.ticket_hash > tickets.ticket_hash));
CREATE UNIQUE INDEX tickets_one_of_a_kind ON tickets (user_id, kind) WHERE kind <> 'disown';
