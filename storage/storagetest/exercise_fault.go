package storagetest

import (
	"context"
	"database/sql/driver"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var faultBehaviours = []behaviour{
	{"a lost answer is reported as unavailable", lostAnswersAreUnavailable},
	{"a transaction that fails anywhere leaves nothing behind", failedTransactionsLeaveNothing},
	{"a statement whose answer is lost takes effect once", lostAnswersTookEffectOnce},
	{"a caller that goes away is told apart from an outage", callersGoAway},
	{"a statement waits for a locked row, then reports unavailable", heldRowsAreUnavailable},
}

func lostAnswersAreUnavailable(t *testing.T, db *Database) {
	var faults Faults
	s := db.Open(t, faults.Intercept)
	u := User(t, s)
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded} {
		faults.Fail(1, false, cause)
		_, err := s.Users.ByID(t.Context(), u.ID)
		require.ErrorIs(t, err, storage.ErrUnavailable)
		require.ErrorIs(t, err, cause)
		faults.Fail(1, false, cause)
		require.ErrorIs(t, s.Passwords.Set(t.Context(), u.ID, "hash", Now), storage.ErrUnavailable)
		faults.Fail(1, false, cause)
		require.ErrorIs(t, s.InTx(t.Context(), func(context.Context) error { return nil }), storage.ErrUnavailable)
		faults.Fail(2, false, cause)
		require.ErrorIs(t, s.InTx(t.Context(), func(context.Context) error { return nil }), storage.ErrUnavailable)
		_, err = s.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
	}
	faults.Fail(1, false, errRefused)
	_, err := s.Users.ByID(t.Context(), u.ID)
	require.ErrorIs(t, err, errRefused)
	require.NotErrorIs(t, err, storage.ErrUnavailable)
}

func failedTransactionsLeaveNothing(t *testing.T, db *Database) {
	var faults Faults
	s := db.Open(t, faults.Intercept)
	u, a, codes := EnrolledUser(t, s)
	change := func() error {
		return s.InTx(t.Context(), func(ctx context.Context) error {
			if err := s.Users.RemoveFactors(ctx, u.ID); err != nil {
				return err
			}
			if err := s.Users.RaiseEpoch(ctx, u.ID, Now); err != nil {
				return err
			}
			return s.Events.Add(ctx, eventBody("x", u.ID, 0))
		})
	}
	statements := 0
	for n := 1; ; n++ {
		faults.Fail(n, false, io.EOF)
		err := change()
		if faults.Pending() {
			require.NoError(t, err)
			break
		}
		require.ErrorIs(t, err, storage.ErrUnavailable)
		statements = n

		found, err := s.Authenticators.OfUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.Authenticator{a}, found)
		left, err := s.RecoveryCodes.CountUnused(t.Context(), u.ID)
		require.NoError(t, err)
		require.Len(t, codes, left)
		same, err := s.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u, same)
	}
	require.Equal(t, 9, statements, "begin, seven statements, commit")
	faults.Fail(0, false, nil)
	events, err := s.Events.List(t.Context(), storage.EventQuery{UserID: u.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 1)
}

func lostAnswersTookEffectOnce(t *testing.T, db *Database) {
	var faults Faults
	s := db.Open(t, faults.Intercept)
	u, a, codes := EnrolledUser(t, s)
	h, g, link := HalfSignIn(t, s, u), Grant(t, s, u, Client(t, s)), newLink(u)
	require.NoError(t, s.Links.Add(t.Context(), link))
	steps := map[string]func() error{
		"burn a step":  func() error { return s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 7}, Now) },
		"spend a code": func() error { return s.RecoveryCodes.Spend(t.Context(), u.ID, codes[0], Now) },
		"spend an assertion": func() error {
			return s.JTIs.SpendAssertion(t.Context(), g.ClientID, "jti", Now.Add(time.Hour))
		},
		"spend a proof": func() error { return s.JTIs.SpendProof(t.Context(), "key", "jti", Now.Add(time.Hour)) },
		"spend a link":  func() error { return s.Links.Spend(t.Context(), link.Hash, link.Purpose, Now) },
		"redeem a code": func() error {
			return s.Grants.RedeemCode(t.Context(), g.ID, storage.Redemption{ExpiresAt: Now.Add(time.Hour)}, Now)
		},
		"complete":         func() error { return s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, completion(), Now) },
		"revoke the grant": func() error { return s.Grants.Revoke(t.Context(), g.ID, "", Now.Add(time.Second)) },
		"count a failure":  func() error { _, err := s.Grants.CountCodeFailure(t.Context(), g.ID); return err },
		"count an attempt": func() error {
			_, _, err := s.Attempts.Count(t.Context(), Now, storage.Budget{Key: "k", Tries: 5})
			return err
		},
		"file an entry":     func() error { return s.Events.Add(t.Context(), eventBody("x", u.ID, 0)) },
		"queue a mail":      func() error { return s.Outbox.Add(t.Context(), storage.Mail{ID: "m", CreatedAt: Now}) },
		"add a second user": func() error { return s.Users.Add(t.Context(), newUser()) },
	}
	var counter Counter
	watched := db.Open(t, counter.Intercept, faults.Intercept)
	s = watched
	for name, step := range steps {
		if name == "revoke the grant" {
			continue // after the code was redeemed
		}
		counter.Reset()
		faults.Fail(1, true, io.ErrUnexpectedEOF)
		require.ErrorIs(t, step(), storage.ErrUnavailable, name)
		require.Equal(t, 1, counter.Count(), "%s: it is not repeated automatically", name)
	}
	faults.Fail(1, true, io.ErrUnexpectedEOF)
	require.ErrorIs(t, steps["revoke the grant"](), storage.ErrUnavailable)
	for name, want := range map[string]error{
		"burn a step": storage.ErrStale, "spend a code": storage.ErrNotFound, "spend a link": storage.ErrNotFound,
		"redeem a code": storage.ErrStale, "complete": storage.ErrStale, "revoke the grant": storage.ErrStale, "queue a mail": storage.ErrConflict,
		"spend an assertion": storage.ErrConflict,
	} {
		require.ErrorIs(t, steps[name](), want, name)
	}
	failures, err := s.Grants.CountCodeFailure(t.Context(), g.ID)
	require.NoError(t, err)
	require.Equal(t, 2, failures)
	states, _ := count(t, s, Now, storage.Budget{Key: "k", Tries: 5})
	require.Equal(t, 2, states["k"].Failures)

	require.ErrorIs(t, s.InTx(t.Context(), func(ctx context.Context) error {
		faults.Fail(2, true, driver.ErrBadConn) // the answer to the commit
		return s.Passwords.Set(ctx, u.ID, "changed", Now)
	}), storage.ErrUnavailable)
	login, err := s.Passwords.ByLogin(t.Context(), u.Username)
	require.NoError(t, err)
	require.Equal(t, "changed", login.Hash)
}

func callersGoAway(t *testing.T, db *Database) {
	s := db.Open(t, Delay(200*time.Millisecond))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Users.ByID(gone, "x")
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, storage.ErrUnavailable)
	require.ErrorIs(t, s.Users.Add(gone, newUser()), context.Canceled)
	require.ErrorIs(t, s.InTx(gone, func(context.Context) error { return nil }), context.Canceled)

	leaving, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = s.Users.ByID(leaving, "x")
	require.ErrorIs(t, err, context.Canceled)

	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Users.ByID(late, "x")
	require.ErrorIs(t, err, storage.ErrUnavailable)
	_, err = s.Users.ByID(t.Context(), "x")
	require.ErrorIs(t, err, storage.ErrNotFound, "the connections still work")
}

func heldRowsAreUnavailable(t *testing.T, db *Database) {
	s, other := db.Open(t), db.Open(t)
	u := User(t, s)
	held, release, released := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		released <- other.InTx(t.Context(), func(ctx context.Context) error {
			err := other.Users.RaiseEpoch(ctx, u.ID, Now)
			close(held)
			<-release
			return err
		})
	}()
	<-held
	for name, wait := range map[string]func(context.Context) error{
		"statement": func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, Now) },
		"transaction": func(ctx context.Context) error {
			return s.InTx(ctx, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, Now) })
		},
	} {
		hurried, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		start := time.Now()
		require.ErrorIs(t, wait(hurried), storage.ErrUnavailable, name)
		require.Less(t, time.Since(start), 2*time.Second, "%s: the wait ends with its request", name)
		cancel()
	}
	if db.Postgres() {
		raw := db.SQL(t)
		require.Eventually(t, func() bool {
			var waiting int
			require.NoError(t, raw.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = current_schema() AND wait_event_type = 'Lock'`).
				Scan(&waiting))
			return waiting == 0
		}, 3*time.Second, 20*time.Millisecond, "a statement that was given up does not go on waiting and take effect later")
	}
	_, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err, "readers do not wait")

	waiting := make(chan error, 1)
	go func() { waiting <- s.Users.RaiseEpoch(t.Context(), u.ID, Now) }()
	time.Sleep(1500 * time.Millisecond) // longer than SQLite waits by itself
	close(release)
	require.NoError(t, <-released)
	require.NoError(t, <-waiting)
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Epoch+2, found.Epoch)
}
