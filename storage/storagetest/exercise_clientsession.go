package storagetest

import (
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var clientSessionBehaviours = []behaviour{
	{"a logout notice waits for the end of its session, whatever ends it", noticesWaitForTheEnd},
	{"an ended session cannot be used at a client", clientSessionsNeedASession},
	{"a client session is recorded unless its session ends first", clientSessionsAndEndsMeet},
	{"nobody else gets a claimed logout notice until it is given back or the claim ends", noticesAreClaimed},
	{"many replicas claim each logout notice once", noticesAreClaimedOnce},
	{"the outcome of a logout notice is kept for a week", noticesAreKept},
}

// signedIn completes a sign-in of u. It returns the hash of the cookie and the sign-in.
func signedIn(t *testing.T, s *storage.Store, u storage.User) ([]byte, storage.SignIn) {
	t.Helper()
	hash := SignIn(t, s, u)
	signIn, err := s.Sessions.SignIn(t.Context(), hash, "", Now)
	require.NoError(t, err)
	return hash, signIn
}

// useAt issues a grant to a client with a logout URI.
func useAt(t *testing.T, s *storage.Store, signIn storage.SignIn, clientID string, now time.Time) error {
	t.Helper()
	g := NewGrant(signIn.User(), storage.Client{ID: clientID})
	g.SID, g.CreatedAt, g.TellOfLogout = signIn.ID(), storage.At(now), true
	return s.Grants.Issue(t.Context(), g, "")
}

// addClientSessions records that n sessions of one user were used at one client, and returns the user's id and the client's.
func addClientSessions(t *testing.T, s *storage.Store, n int) (userID, clientID string) {
	t.Helper()
	u, c := User(t, s), Client(t, s)
	for range n {
		_, signIn := signedIn(t, s, u)
		require.NoError(t, useAt(t, s, signIn, c.ID, Now))
	}
	return u.ID, c.ID
}

func waitingNotices(t *testing.T, s *storage.Store) int {
	t.Helper()
	waiting, _, err := s.ClientSessions.Waiting(t.Context())
	require.NoError(t, err)
	return waiting
}

func noticesWaitForTheEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	c, other := Client(t, s), Client(t, s)
	for name, end := range map[string]func(hash []byte, at storage.SignIn) error{
		"signed out":           func(hash []byte, _ storage.SignIn) error { return s.Sessions.End(t.Context(), hash) },
		"signed out elsewhere": func(_ []byte, at storage.SignIn) error { return s.Sessions.EndByID(t.Context(), at.User().ID, at.ID()) },
		"all sessions end": func(_ []byte, at storage.SignIn) error {
			_, err := s.Sessions.EndAll(t.Context(), at.User().ID)
			return err
		},
		"another session is kept": func(_ []byte, at storage.SignIn) error { return keepAnother(t, s, at.User()) },
		"the user is deleted":     func(_ []byte, at storage.SignIn) error { return s.Users.Delete(t.Context(), at.User().ID) },
		"idle":                    func([]byte, storage.SignIn) error { _, err := s.Sweep(t.Context(), Now.Add(time.Hour), 10); return err },
		"goes on under a new id": func(hash []byte, at storage.SignIn) error {
			user := at.User()
			require.NoError(t, s.Users.RaiseEpoch(t.Context(), user.ID, Now))
			user.Epoch++
			return s.Sessions.Renew(t.Context(), hash, storage.Hash(rand.Text()), user, "", Now)
		},
		"too many": func(_ []byte, at storage.SignIn) error {
			for range 100 {
				completeAt(t, s, at.User(), Now.Add(time.Second))
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := User(t, s)
			hash, signIn := signedIn(t, s, u)
			HalfSignIn(t, s, u)
			for _, id := range []string{c.ID, other.ID, c.ID} {
				require.NoError(t, useAt(t, s, signIn, id, Now))
			}
			require.Zero(t, waitingNotices(t, s), "the session lives")
			_, err := s.ClientSessions.Claim(t.Context(), Now, Now.Add(time.Hour))
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.NoError(t, end(hash, signIn))
			waiting, next, err := s.ClientSessions.Waiting(t.Context())
			require.NoError(t, err)
			require.Equal(t, 2, waiting)
			require.True(t, next.Before(Now), "it is due immediately")
			told := map[string]bool{}
			for range 2 {
				v, err := s.ClientSessions.Claim(t.Context(), Now.Add(time.Minute), Now)
				require.NoError(t, err)
				require.Equal(t, signIn.ID(), v.SID)
				require.Equal(t, u.ID, v.UserID)
				require.NoError(t, s.ClientSessions.Drop(t.Context(), v))
				told[v.ClientID] = true
			}
			require.Equal(t, map[string]bool{c.ID: true, other.ID: true}, told)
		})
	}
}

// keepAnother ends all sessions of u but a new one.
func keepAnother(t *testing.T, s *storage.Store, u storage.User) error {
	_, kept := signedIn(t, s, u)
	_, err := s.Sessions.EndOthers(t.Context(), u.ID, kept.ID(), Now)
	return err
}

// completeAt completes a sign-in of u at the given time.
func completeAt(t *testing.T, s *storage.Store, u storage.User, at time.Time) {
	t.Helper()
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), HalfSignIn(t, s, u).TokenHash, completion(), at))
}

func clientSessionsNeedASession(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	hash, signIn := signedIn(t, s, u)
	require.ErrorIs(t, useAt(t, s, signIn, c.ID, Now.Add(time.Hour)), storage.ErrStale, "idle")
	require.ErrorIs(t, useAt(t, s, signIn, "no client", Now), storage.ErrNotFound)
	require.NoError(t, s.Sessions.End(t.Context(), hash))
	require.ErrorIs(t, useAt(t, s, signIn, c.ID, Now), storage.ErrStale)

	_, signIn = signedIn(t, s, u)
	_, err := s.Sessions.EndOthers(t.Context(), u.ID, signIn.ID(), Now)
	require.NoError(t, err)
	require.ErrorIs(t, useAt(t, s, signIn, c.ID, Now), storage.ErrStale, "grants from before have ended")
	found, err := s.ClientSessions.OfSession(t.Context(), signIn.ID())
	require.NoError(t, err)
	require.Empty(t, found)
}

// While clients are added to a session, the session ends or its user is deleted. Exactly the clients that were recorded get a notice.
func clientSessionsAndEndsMeet(t *testing.T, db *Database) {
	stores := []*storage.Store{db.Open(t), db.Open(t)}
	for round := range 6 {
		s := stores[0]
		u := User(t, s)
		hash, signIn := signedIn(t, s, u)
		clients := make([]storage.Client, 25)
		for i := range clients {
			clients[i] = Client(t, s)
		}
		var (
			group    sync.WaitGroup
			mu       sync.Mutex
			recorded = map[string]bool{}
		)
		for i, c := range clients {
			group.Go(func() {
				switch err := useAt(t, stores[i%2], signIn, c.ID, Now); {
				case err == nil:
					mu.Lock()
					recorded[c.ID] = true
					mu.Unlock()
				case !errors.Is(err, storage.ErrStale) && !errors.Is(err, storage.ErrNotFound):
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			end := func() error { return stores[1].Sessions.End(t.Context(), hash) }
			if round%2 == 1 {
				end = func() error { return stores[1].Users.Delete(t.Context(), u.ID) }
			}
			if err := end(); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		require.Equal(t, len(recorded), waitingNotices(t, s))
		for range recorded {
			v, err := s.ClientSessions.Claim(t.Context(), Now.Add(time.Minute), Now)
			require.NoError(t, err)
			require.True(t, recorded[v.ClientID])
			require.NoError(t, s.ClientSessions.Drop(t.Context(), v))
		}
	}
}

func noticesAreClaimed(t *testing.T, db *Database) {
	s := db.Open(t)
	userID, clientID := addClientSessions(t, s, 2)
	_, err := s.Sessions.EndAll(t.Context(), userID)
	require.NoError(t, err)
	until := Now.Add(time.Minute)
	first, err := s.ClientSessions.Claim(t.Context(), until, Now)
	require.NoError(t, err)
	require.Equal(t, storage.ClientSession{
		SID: first.SID, ClientID: clientID, UserID: userID, Delivery: storage.Delivery{NextAttemptAt: storage.At(until)},
		ExpiresAt: storage.At(Now.Add(8 * 24 * time.Hour)),
	}, first)
	second, err := s.ClientSessions.Claim(t.Context(), until, Now)
	require.NoError(t, err)
	require.NotEqual(t, first.SID, second.SID)
	_, err = s.ClientSessions.Claim(t.Context(), until, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	next := first
	next.Attempts, next.Failure, next.NextAttemptAt = 3, "answered 500", storage.At(Now.Add(30*time.Second))
	require.NoError(t, s.ClientSessions.Defer(t.Context(), first, next.Delivery))
	for _, stale := range []error{
		s.ClientSessions.Defer(t.Context(), first, next.Delivery), s.ClientSessions.Done(t.Context(), first, Now), s.ClientSessions.GiveUp(t.Context(), first, "x", Now),
		s.ClientSessions.Drop(t.Context(), first),
	} {
		require.ErrorIs(t, stale, storage.ErrStale, "the claim has ended")
	}
	_, err = s.ClientSessions.Claim(t.Context(), until, Now.Add(29*time.Second))
	require.ErrorIs(t, err, storage.ErrNotFound)
	again, err := s.ClientSessions.Claim(t.Context(), until.Add(time.Minute), Now.Add(30*time.Second))
	require.NoError(t, err)
	next.NextAttemptAt = storage.At(until.Add(time.Minute))
	require.Equal(t, next, again)

	taken, err := s.ClientSessions.Claim(t.Context(), until.Add(time.Minute), until)
	require.NoError(t, err)
	require.Equal(t, second.SID, taken.SID, "the first claim has ended")
	require.ErrorIs(t, s.ClientSessions.Done(t.Context(), second, Now), storage.ErrStale)
	require.NoError(t, s.Clients.Delete(t.Context(), clientID))
	require.ErrorIs(t, s.ClientSessions.Done(t.Context(), taken, Now), storage.ErrStale, "the client is gone")
}

func noticesAreClaimedOnce(t *testing.T, db *Database) {
	stores := []*storage.Store{db.Open(t), db.Open(t)}
	userID, _ := addClientSessions(t, stores[0], 20)
	_, err := stores[0].Sessions.EndAll(t.Context(), userID)
	require.NoError(t, err)
	var group sync.WaitGroup
	var claimed sync.Map
	for i := range 50 {
		group.Go(func() {
			for {
				v, err := stores[i%2].ClientSessions.Claim(t.Context(), Now.Add(time.Hour), Now)
				if errors.Is(err, storage.ErrNotFound) {
					return
				}
				if _, twice := claimed.LoadOrStore(v.SID, true); err != nil || twice {
					t.Errorf("claimed twice: %t, %v", twice, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func noticesAreKept(t *testing.T, db *Database) {
	s := db.Open(t)
	userID, clientID := addClientSessions(t, s, 2)
	_, err := s.Sessions.EndAll(t.Context(), userID)
	require.NoError(t, err)
	delivered, err := s.ClientSessions.Claim(t.Context(), Now.Add(time.Minute), Now)
	require.NoError(t, err)
	refused, err := s.ClientSessions.Claim(t.Context(), Now.Add(time.Minute), Now)
	require.NoError(t, err)
	later := Now.Add(3 * time.Hour)
	require.NoError(t, s.ClientSessions.Done(t.Context(), delivered, later))
	require.ErrorIs(t, s.ClientSessions.Done(t.Context(), delivered, later), storage.ErrStale)
	require.NoError(t, s.ClientSessions.GiveUp(t.Context(), refused, "answered 400", later))
	require.Zero(t, waitingNotices(t, s))
	_, err = s.ClientSessions.Claim(t.Context(), later, later)
	require.ErrorIs(t, err, storage.ErrNotFound)

	kept := storage.ClientSession{
		ClientID: clientID, UserID: userID, Delivery: storage.Delivery{Attempts: 1}, ExpiresAt: storage.At(later.Add(7 * 24 * time.Hour)),
	}
	requireKept := func(sid string, change func(*storage.ClientSession)) {
		want := kept
		want.SID = sid
		change(&want)
		found, err := s.ClientSessions.OfSession(t.Context(), sid)
		require.NoError(t, err)
		require.Equal(t, []storage.ClientSession{want}, found)
	}
	requireKept(delivered.SID, func(v *storage.ClientSession) { v.DeliveredAt = storage.At(later) })
	requireKept(refused.SID, func(v *storage.ClientSession) { v.GivenUpAt, v.Failure = storage.At(later), "answered 400" })
	_, err = s.Sweep(t.Context(), later.Add(6*24*time.Hour), 10) // the grants, which expire sooner
	require.NoError(t, err)
	swept, err := s.Sweep(t.Context(), later.Add(7*24*time.Hour-time.Microsecond), 10)
	require.NoError(t, err)
	require.Zero(t, swept)
	swept, err = s.Sweep(t.Context(), later.Add(7*24*time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, int64(2), swept)
}
