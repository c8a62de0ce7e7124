package storage_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// A commit that waits for an unreachable standby is an outage, even if somebody makes the leader confirm it, because then only the leader
// has it.
func TestUnreplicatedCommitIsAnOutage(t *testing.T) {
	t.Parallel()
	pair := storagetest.NewPair(t)
	s := pair.Database().With(t, "options", "-c client_min_messages=error").Open(t) // hides warnings
	u, g := storagetest.User(t, s), storagetest.Grant(t, s, storagetest.User(t, s), storagetest.Client(t, s))
	writes := map[string]func(context.Context) error{
		"statement": func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) },
		"returning": func(ctx context.Context) error {
			_, err := s.Grants.CountCodeFailure(ctx, g.ID)
			return err
		},
		"transaction": func(ctx context.Context) error {
			return s.InTx(ctx, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) })
		},
	}
	require.NoError(t, s.Grants.RevokeAccessToken(t.Context(), "a token", now))
	for name, write := range writes {
		require.NoError(t, write(t.Context()), name)
		pair.Part()

		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		require.ErrorIs(t, write(hurried), storage.ErrUnavailable, name)
		cancel()
		require.Equal(t, 1, pair.Waiting(), "%s: its commit is not cancelled", name)
		pair.CancelWaiting()

		ended := make(chan error, 1)
		go func() { ended <- write(t.Context()) }()
		require.Eventually(t, func() bool { return pair.Waiting() == 1 }, 5*time.Second, 10*time.Millisecond)
		pair.CancelWaiting()
		require.ErrorIs(t, <-ended, storage.ErrUnavailable, name)
		_, err := s.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err, "reading does not wait")
		for what, rest := range map[string]func(context.Context) error{
			"confirm": s.Confirm,
			"revoke":  func(ctx context.Context) error { return s.Grants.RevokeAccessToken(ctx, "a token", now) },
		} {
			hurried, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
			require.ErrorIs(t, rest(hurried), storage.ErrUnavailable, "%s, after a %s that only the leader has", what, name)
			cancel()
		}
		pair.Join()
		require.NoError(t, write(t.Context()), name)
	}
	require.NoError(t, s.Ping(t.Context()), "a connection to the old leader")
	pair.SwitchOver()
	require.Eventually(t, func() bool { return s.Users.RaiseEpoch(t.Context(), u.ID, now) == nil }, 10*time.Second, 100*time.Millisecond,
		"a connection to a server that accepts no writes leaves the pool")
}
