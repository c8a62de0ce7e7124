package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var outboxBehaviours = []behaviour{
	{"mail is queued with what it tells, and sent once", mailIsQueued},
}

func mailIsQueued(t *testing.T, db *Database) {
	s := db.Open(t)
	var queued []storage.Mail
	for i, subject := range []string{"old", "Größe", "new"} {
		m := storage.Mail{
			ID: storage.NewID(), Recipient: "ada@example.test", Subject: subject, Body: "Body\nöf " + subject,
			CreatedAt: Now.Add(time.Duration(i) * time.Second),
		}
		require.NoError(t, s.QueueMail(t.Context(), m))
		queued = append([]storage.Mail{m}, queued...)
	}
	require.ErrorIs(t, s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.QueueMail(ctx, storage.Mail{ID: "undone", CreatedAt: Now}))
		return errRefused
	}), errRefused)
	mails, err := s.Mails(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, queued, mails)
	mails, err = s.Mails(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, queued[:2], mails)

	require.NoError(t, s.SentMail(t.Context(), queued[0].ID, Now))
	require.ErrorIs(t, s.SentMail(t.Context(), queued[0].ID, Now), storage.ErrStale)
	require.ErrorIs(t, s.SentMail(t.Context(), "none", Now), storage.ErrStale)
	mails, err = s.Mails(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, Now, mails[0].SentAt)
}
