package storagetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var outboxBehaviours = []behaviour{
	{"mail is queued with its content", mailIsQueued},
	{"nobody else gets a claimed message until it is given back or the claim ends", mailIsClaimed},
	{"many replicas claim each message once", mailIsClaimedOnce},
	{"a message is sent once, and its bodies are wiped", mailIsSentOnce},
	{"a message that is given up is wiped and not tried again", mailIsGivenUp},
	{"a message that cannot be decrypted is claimed all the same", sealedMailIsClaimed},
}

func dueAt(at time.Time) storage.Delivery { return storage.Delivery{NextAttemptAt: storage.At(at)} }

// queueMail adds n messages, a second apart, and returns them.
func queueMail(t *testing.T, s *storage.Store, n int) (queued []storage.Mail) {
	t.Helper()
	for i := range n {
		at := Now.Add(time.Duration(i) * time.Second)
		m := storage.Mail{
			ID: storage.NewID(), Recipient: "ada@example.test", Subject: "Größe", Body: "Body\nöf it", HTML: "<p>Body öf it",
			Language: "de", CreatedAt: at, ExpiresAt: at.Add(time.Hour), Delivery: dueAt(at),
		}
		require.NoError(t, s.Outbox.Add(t.Context(), m))
		queued = append(queued, m)
	}
	return queued
}

func mailIsQueued(t *testing.T, db *Database) {
	s := db.Open(t)
	_, _, err := s.Outbox.Waiting(t.Context())
	require.NoError(t, err)
	queued := queueMail(t, s, 3)
	at := Now.Add(-time.Second)
	plain := storage.Mail{ID: "plain", Recipient: "eve@example.test", Body: "text alone", CreatedAt: at, Delivery: dueAt(at)}
	require.NoError(t, s.Outbox.Add(t.Context(), plain))
	require.ErrorIs(t, s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.Outbox.Add(ctx, storage.Mail{ID: "undone", CreatedAt: Now}))
		return errRefused
	}), errRefused)
	require.NoError(t, s.Outbox.Add(t.Context(), storage.Mail{ID: storage.NewID(), CreatedAt: Now.Add(time.Hour)}), "without a recipient")
	mails, err := s.Outbox.List(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []storage.Mail{queued[2], queued[1], queued[0], plain}, mails)
	mails, err = s.Outbox.List(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, []storage.Mail{queued[2], queued[1]}, mails)
	waiting, _, err := s.Outbox.Waiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, waiting, "the one without a recipient is not sent")
	waiting, next, err := s.Outbox.Waiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, waiting)
	require.Equal(t, plain.CreatedAt, next)
}

func mailIsClaimed(t *testing.T, db *Database) {
	s := db.Open(t)
	queued := queueMail(t, s, 2)
	until := Now.Add(time.Minute)
	_, err := s.Outbox.Claim(t.Context(), until, Now.Add(-time.Microsecond))
	require.ErrorIs(t, err, storage.ErrNotFound, "not yet due")

	first, err := s.Outbox.Claim(t.Context(), until, Now)
	require.NoError(t, err)
	want := queued[0]
	want.Delivery = dueAt(until)
	require.Equal(t, want, first)
	_, err = s.Outbox.Claim(t.Context(), until, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	next := first
	next.Attempts, next.Failure, next.NextAttemptAt = 3, "answered 450", storage.At(Now.Add(30*time.Second))
	require.NoError(t, s.Outbox.Defer(t.Context(), first, next.Delivery))
	require.ErrorIs(t, s.Outbox.Defer(t.Context(), first, next.Delivery), storage.ErrStale, "the claim has ended")
	second, err := s.Outbox.Claim(t.Context(), until, Now.Add(29*time.Second))
	require.NoError(t, err)
	require.Equal(t, queued[1].ID, second.ID)
	again, err := s.Outbox.Claim(t.Context(), until.Add(time.Minute), Now.Add(30*time.Second))
	require.NoError(t, err)
	next.NextAttemptAt = storage.At(until.Add(time.Minute))
	require.Equal(t, next, again)

	taken, err := s.Outbox.Claim(t.Context(), until.Add(time.Minute), until)
	require.NoError(t, err)
	require.Equal(t, second.ID, taken.ID, "the first claim has ended")
	require.ErrorIs(t, s.Outbox.Defer(t.Context(), second, storage.Delivery{}), storage.ErrStale)
	require.ErrorIs(t, s.Outbox.GiveUp(t.Context(), second, "x", Now), storage.ErrStale)
}

func mailIsClaimedOnce(t *testing.T, db *Database) {
	stores := []*storage.Store{db.Open(t), db.Open(t)}
	queued := queueMail(t, stores[0], 50)
	now, until := Now.Add(time.Hour), Now.Add(2*time.Hour)
	var (
		group   sync.WaitGroup
		mu      sync.Mutex
		claimed = map[string]int{}
	)
	for i := range 50 {
		group.Go(func() {
			for {
				m, err := stores[i%2].Outbox.Claim(t.Context(), until, now)
				if errors.Is(err, storage.ErrNotFound) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				claimed[m.ID]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for _, m := range queued {
		require.Equal(t, 1, claimed[m.ID])
	}
}

func mailIsSentOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	queued := queueMail(t, s, 1)[0]
	claimed, err := s.Outbox.Claim(t.Context(), Now.Add(time.Minute), Now)
	require.NoError(t, err)
	require.NoError(t, s.Outbox.Done(t.Context(), claimed, Now.Add(time.Second)))
	require.ErrorIs(t, s.Outbox.Done(t.Context(), claimed, Now), storage.ErrStale)
	require.ErrorIs(t, s.Outbox.Done(t.Context(), storage.Mail{ID: "none"}, Now), storage.ErrStale)
	require.ErrorIs(t, s.Outbox.Defer(t.Context(), claimed, storage.Delivery{}), storage.ErrStale)
	_, err = s.Outbox.Claim(t.Context(), Now, Now.Add(time.Hour))
	require.ErrorIs(t, err, storage.ErrNotFound)
	waiting, next, err := s.Outbox.Waiting(t.Context())
	require.NoError(t, err)
	require.Zero(t, waiting)
	require.Zero(t, next)

	want := queued
	want.Body, want.HTML, want.Delivery = "", "", storage.Delivery{DeliveredAt: storage.At(Now.Add(time.Second))}
	mails, err := s.Outbox.List(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []storage.Mail{want}, mails)
	requireWiped(t, db)
	_, err = s.Reseal(t.Context(), 10, nil)
	require.NoError(t, err, "a wiped message needs no key")
}

func mailIsGivenUp(t *testing.T, db *Database) {
	s := db.Open(t)
	want := queueMail(t, s, 1)[0]
	claimed, err := s.Outbox.Claim(t.Context(), Now.Add(time.Minute), Now)
	require.NoError(t, err)
	require.NoError(t, s.Outbox.GiveUp(t.Context(), claimed, "answered 550", Now.Add(time.Second)))
	_, err = s.Outbox.Claim(t.Context(), Now, Now.Add(time.Hour))
	require.ErrorIs(t, err, storage.ErrNotFound)
	want.Body, want.HTML = "", ""
	want.Delivery = storage.Delivery{Failure: "answered 550", GivenUpAt: storage.At(Now.Add(time.Second))}
	mails, err := s.Outbox.List(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []storage.Mail{want}, mails)
	requireWiped(t, db)
}

// requireWiped asserts that no body is left in the table.
func requireWiped(t *testing.T, db *Database) {
	t.Helper()
	var left int
	require.NoError(t, db.SQL(t).QueryRow(`SELECT count(*) FROM outbox WHERE length(body_sealed) > 0 OR html_sealed IS NOT NULL`).Scan(&left))
	require.Zero(t, left)
}

func sealedMailIsClaimed(t *testing.T, db *Database) {
	s := db.Open(t)
	queued := queueMail(t, s, 1)[0]
	db.Keyset.Replace(newKeyset(t))
	claimed, err := s.Outbox.Claim(t.Context(), Now.Add(time.Minute), Now)
	require.ErrorIs(t, err, storage.ErrSealed)
	require.Equal(t, queued.ID, claimed.ID)
	require.NoError(t, s.Outbox.Defer(t.Context(), claimed, claimed.Delivery))
}
