package storagetest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var visitBehaviours = []behaviour{
	{"a visit waits for the end of its session, whatever ends it", visitsWaitForTheEnd},
	{"a session that has ended visits nobody", visitsNeedASession},
	{"a visit is noted or its session ends first", visitsAndEndsMeet},
	{"a claimed visit is nobody else's until it is given back or the claim ends", visitsAreClaimed},
	{"many replicas claim each visit once", visitsAreClaimedOnce},
	{"what became of a visit is kept for a week", visitsAreKept},
}

// signedIn completes a sign-in of u and reads it.
func signedIn(t *testing.T, s *storage.Store, u storage.User) ([]byte, storage.SignIn) {
	t.Helper()
	hash := SignIn(t, s, u)
	signIn, err := s.SignIn(t.Context(), hash, "", Now)
	require.NoError(t, err)
	return hash, signIn
}

// visit notes n visits, each of another session of one user at one client, and returns the user's id and the client's.
func visit(t *testing.T, s *storage.Store, n int) (userID, clientID string) {
	t.Helper()
	u, c := User(t, s), Client(t, s)
	for range n {
		_, signIn := signedIn(t, s, u)
		require.NoError(t, s.AddVisit(t.Context(), signIn, c.ID, Now))
	}
	return u.ID, c.ID
}

func waitingVisits(t *testing.T, s *storage.Store) int {
	t.Helper()
	waiting, _, err := s.WaitingVisits(t.Context())
	require.NoError(t, err)
	return waiting
}

func visitsWaitForTheEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	c, other := Client(t, s), Client(t, s)
	for name, end := range map[string]func(hash []byte, at storage.SignIn) error{
		"signed out":           func(hash []byte, _ storage.SignIn) error { return s.EndSession(t.Context(), hash) },
		"signed out elsewhere": func(_ []byte, at storage.SignIn) error { return s.EndSessionOf(t.Context(), at.User().ID, at.ID()) },
		"all sessions end": func(_ []byte, at storage.SignIn) error {
			_, err := s.EndSessions(t.Context(), at.User().ID)
			return err
		},
		"another session is kept": func(_ []byte, at storage.SignIn) error { return keepAnother(t, s, at.User()) },
		"the user is deleted":     func(_ []byte, at storage.SignIn) error { return s.DeleteUser(t.Context(), at.User().ID) },
		"idle":                    func([]byte, storage.SignIn) error { _, err := s.Sweep(t.Context(), Now.Add(time.Hour), 10); return err },
		"goes on under a new id": func(hash []byte, at storage.SignIn) error {
			user := at.User()
			require.NoError(t, s.RaiseEpoch(t.Context(), user.ID, Now))
			user.Epoch++
			return s.RenewSession(t.Context(), hash, storage.Hash(rand.Text()), user, "", Now)
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
				require.NoError(t, s.AddVisit(t.Context(), signIn, id, Now))
			}
			require.Zero(t, waitingVisits(t, s), "the session lives")
			_, err := s.ClaimVisit(t.Context(), Now, Now.Add(time.Hour))
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.NoError(t, end(hash, signIn))
			waiting, next, err := s.WaitingVisits(t.Context())
			require.NoError(t, err)
			require.Equal(t, 2, waiting)
			require.True(t, next.Before(Now), "at once")
			told := map[string]bool{}
			for range 2 {
				v, err := s.ClaimVisit(t.Context(), Now.Add(time.Minute), Now)
				require.NoError(t, err)
				require.Equal(t, signIn.ID(), v.SID)
				require.Equal(t, u.ID, v.UserID)
				require.NoError(t, s.DropVisit(t.Context(), v))
				told[v.ClientID] = true
			}
			require.Equal(t, map[string]bool{c.ID: true, other.ID: true}, told)
		})
	}
}

// keepAnother ends all sessions of u but a new one.
func keepAnother(t *testing.T, s *storage.Store, u storage.User) error {
	_, kept := signedIn(t, s, u)
	_, err := s.EndOtherSessions(t.Context(), u.ID, kept.ID(), Now)
	return err
}

// completeAt completes a sign-in of u at a time.
func completeAt(t *testing.T, s *storage.Store, u storage.User, at time.Time) {
	t.Helper()
	require.NoError(t, s.CompleteSignIn(t.Context(), HalfSignIn(t, s, u).TokenHash, completion(), at))
}

func visitsNeedASession(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	hash, signIn := signedIn(t, s, u)
	require.ErrorIs(t, s.AddVisit(t.Context(), signIn, c.ID, Now.Add(time.Hour)), storage.ErrStale, "idle")
	require.ErrorIs(t, s.AddVisit(t.Context(), signIn, "no client", Now), storage.ErrNotFound)
	require.NoError(t, s.EndSession(t.Context(), hash))
	require.ErrorIs(t, s.AddVisit(t.Context(), signIn, c.ID, Now), storage.ErrStale)

	_, signIn = signedIn(t, s, u)
	_, err := s.EndOtherSessions(t.Context(), u.ID, signIn.ID(), Now)
	require.NoError(t, err)
	require.ErrorIs(t, s.AddVisit(t.Context(), signIn, c.ID, Now), storage.ErrStale, "what was given before has ended")
	visits, err := s.Visits(t.Context(), signIn.ID())
	require.NoError(t, err)
	require.Empty(t, visits)
}

// While clients are visited, the session ends, or all of its user does: who got a visit is told, and who is not told got none.
func visitsAndEndsMeet(t *testing.T, db *Database) {
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
			group   sync.WaitGroup
			mu      sync.Mutex
			visited = map[string]bool{}
		)
		for i, c := range clients {
			group.Go(func() {
				s := stores[i%2]
				err := s.InTx(t.Context(), func(ctx context.Context) error {
					if err := s.IssueCode(ctx, NewGrant(u, c), ""); err != nil {
						return err
					}
					return s.AddVisit(ctx, signIn, c.ID, Now)
				})
				switch {
				case err == nil:
					mu.Lock()
					visited[c.ID] = true
					mu.Unlock()
				case !errors.Is(err, storage.ErrStale) && !errors.Is(err, storage.ErrNotFound):
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			end := func() error { return stores[1].EndSession(t.Context(), hash) }
			if round%2 == 1 {
				end = func() error { return stores[1].DeleteUser(t.Context(), u.ID) }
			}
			if err := end(); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		require.Equal(t, len(visited), waitingVisits(t, s))
		for range visited {
			v, err := s.ClaimVisit(t.Context(), Now.Add(time.Minute), Now)
			require.NoError(t, err)
			require.True(t, visited[v.ClientID])
			require.NoError(t, s.DropVisit(t.Context(), v))
		}
	}
}

func visitsAreClaimed(t *testing.T, db *Database) {
	s := db.Open(t)
	userID, clientID := visit(t, s, 2)
	_, err := s.EndSessions(t.Context(), userID)
	require.NoError(t, err)
	until := Now.Add(time.Minute)
	first, err := s.ClaimVisit(t.Context(), until, Now)
	require.NoError(t, err)
	require.Equal(t, storage.Visit{
		SID: first.SID, ClientID: clientID, UserID: userID, NextAttemptAt: storage.At(until), ExpiresAt: storage.At(Now.Add(8 * 24 * time.Hour)),
	}, first)
	second, err := s.ClaimVisit(t.Context(), until, Now)
	require.NoError(t, err)
	require.NotEqual(t, first.SID, second.SID)
	_, err = s.ClaimVisit(t.Context(), until, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	next := first
	next.Attempts, next.Failure, next.NextAttemptAt = 3, "answered 500", storage.At(Now.Add(30*time.Second))
	require.NoError(t, s.DeferVisit(t.Context(), first, next))
	for _, stale := range []error{
		s.DeferVisit(t.Context(), first, next), s.DeliverVisit(t.Context(), first, Now), s.GiveUpVisit(t.Context(), first, "x", Now),
		s.DropVisit(t.Context(), first),
	} {
		require.ErrorIs(t, stale, storage.ErrStale, "the claim has ended")
	}
	_, err = s.ClaimVisit(t.Context(), until, Now.Add(29*time.Second))
	require.ErrorIs(t, err, storage.ErrNotFound)
	again, err := s.ClaimVisit(t.Context(), until.Add(time.Minute), Now.Add(30*time.Second))
	require.NoError(t, err)
	next.NextAttemptAt = storage.At(until.Add(time.Minute))
	require.Equal(t, next, again)

	taken, err := s.ClaimVisit(t.Context(), until.Add(time.Minute), until)
	require.NoError(t, err)
	require.Equal(t, second.SID, taken.SID, "whoever claimed it has gone")
	require.ErrorIs(t, s.DeliverVisit(t.Context(), second, Now), storage.ErrStale)
	require.NoError(t, s.DeleteClient(t.Context(), clientID))
	require.ErrorIs(t, s.DeliverVisit(t.Context(), taken, Now), storage.ErrStale, "nobody is left to be told")
}

func visitsAreClaimedOnce(t *testing.T, db *Database) {
	stores := []*storage.Store{db.Open(t), db.Open(t)}
	userID, _ := visit(t, stores[0], 20)
	_, err := stores[0].EndSessions(t.Context(), userID)
	require.NoError(t, err)
	var group sync.WaitGroup
	var claimed sync.Map
	for i := range 50 {
		group.Go(func() {
			for {
				v, err := stores[i%2].ClaimVisit(t.Context(), Now.Add(time.Hour), Now)
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

func visitsAreKept(t *testing.T, db *Database) {
	s := db.Open(t)
	userID, clientID := visit(t, s, 2)
	_, err := s.EndSessions(t.Context(), userID)
	require.NoError(t, err)
	delivered, err := s.ClaimVisit(t.Context(), Now.Add(time.Minute), Now)
	require.NoError(t, err)
	refused, err := s.ClaimVisit(t.Context(), Now.Add(time.Minute), Now)
	require.NoError(t, err)
	later := Now.Add(3 * time.Hour)
	require.NoError(t, s.DeliverVisit(t.Context(), delivered, later))
	require.ErrorIs(t, s.DeliverVisit(t.Context(), delivered, later), storage.ErrStale)
	require.NoError(t, s.GiveUpVisit(t.Context(), refused, "answered 400", later))
	require.Zero(t, waitingVisits(t, s))
	_, err = s.ClaimVisit(t.Context(), later, later)
	require.ErrorIs(t, err, storage.ErrNotFound)

	kept := storage.Visit{ClientID: clientID, UserID: userID, Attempts: 1, ExpiresAt: storage.At(later.Add(7 * 24 * time.Hour))}
	requireVisit := func(sid string, change func(*storage.Visit)) {
		want := kept
		want.SID = sid
		change(&want)
		visits, err := s.Visits(t.Context(), sid)
		require.NoError(t, err)
		require.Equal(t, []storage.Visit{want}, visits)
	}
	requireVisit(delivered.SID, func(v *storage.Visit) { v.DeliveredAt = storage.At(later) })
	requireVisit(refused.SID, func(v *storage.Visit) { v.GivenUpAt, v.Failure = storage.At(later), "answered 400" })
	swept, err := s.Sweep(t.Context(), later.Add(7*24*time.Hour-time.Microsecond), 10)
	require.NoError(t, err)
	require.Zero(t, swept)
	swept, err = s.Sweep(t.Context(), later.Add(7*24*time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, int64(2), swept)
}
