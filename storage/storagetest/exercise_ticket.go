package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var ticketBehaviours = []behaviour{
	{"a ticket is good once until it expires", ticketsAreGoodOnce},
	{"only the newest ticket of a kind works", newestTicketWorks},
	{"tickets for sessions stand beside one another", ticketsForSessions},
}

func newTicket(u storage.User) storage.Ticket {
	return storage.Ticket{
		Hash: storage.Hash(rand.Text()), Kind: storage.TicketEnrol, UserID: u.ID,
		CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(72 * time.Hour)),
	}
}

func ticketsAreGoodOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	ticket := newTicket(User(t, s))
	end := ticket.ExpiresAt.Time
	require.NoError(t, s.AddTicket(t.Context(), ticket))
	found, err := s.Ticket(t.Context(), ticket.Hash, ticket.Kind)
	require.NoError(t, err)
	require.Equal(t, ticket, found)

	_, err = s.Ticket(t.Context(), ticket.Hash, "other")
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, s.SpendTicket(t.Context(), ticket.Hash, "other", Now), storage.ErrNotFound)
	require.ErrorIs(t, s.SpendTicket(t.Context(), storage.Hash("other"), ticket.Kind, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.SpendTicket(t.Context(), ticket.Hash, ticket.Kind, end), storage.ErrNotFound)

	last := end.Add(-time.Microsecond)
	require.NoError(t, s.SpendTicket(t.Context(), ticket.Hash, ticket.Kind, last))
	require.ErrorIs(t, s.SpendTicket(t.Context(), ticket.Hash, ticket.Kind, last), storage.ErrNotFound)
	found, err = s.Ticket(t.Context(), ticket.Hash, ticket.Kind)
	require.NoError(t, err)
	require.Equal(t, storage.At(last), found.UsedAt)
}

func newestTicketWorks(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	old, fresh, others := newTicket(u), newTicket(u), newTicket(User(t, s))
	for _, ticket := range []storage.Ticket{old, others, fresh} {
		require.NoError(t, s.AddTicket(t.Context(), ticket))
	}
	require.ErrorIs(t, s.SpendTicket(t.Context(), old.Hash, old.Kind, Now), storage.ErrNotFound)
	require.NoError(t, s.SpendTicket(t.Context(), fresh.Hash, fresh.Kind, Now))
	require.NoError(t, s.SpendTicket(t.Context(), others.Hash, others.Kind, Now))
}

func ticketsForSessions(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	var tickets []storage.Ticket
	for _, sid := range []string{"one", "another"} {
		ticket := newTicket(u)
		ticket.Kind, ticket.SID = storage.TicketDisown, sid
		require.NoError(t, s.AddSessionTicket(t.Context(), ticket))
		tickets = append(tickets, ticket)
	}
	for _, ticket := range tickets {
		found, err := s.Ticket(t.Context(), ticket.Hash, ticket.Kind)
		require.NoError(t, err)
		require.Equal(t, ticket, found)
		require.NoError(t, s.SpendTicket(t.Context(), ticket.Hash, ticket.Kind, Now))
	}
}
