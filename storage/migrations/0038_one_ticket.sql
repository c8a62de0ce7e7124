-- +goose Up

-- A user has one link of a kind: a new one replaces the one before it, even if both are requested at once. Only the mails about new
-- sign-ins have a link each.
DELETE FROM tickets WHERE kind <> 'disown' AND EXISTS (
    SELECT 1 FROM tickets o WHERE o.user_id = tickets.user_id AND o.kind = tickets.kind
        AND (o.created_at > tickets.created_at OR o.created_at = tickets.created_at AND o.ticket_hash > tickets.ticket_hash));
CREATE UNIQUE INDEX tickets_one_of_a_kind ON tickets (user_id, kind) WHERE kind <> 'disown';
