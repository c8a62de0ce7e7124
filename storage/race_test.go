package storage_test

import (
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	racers = 50
	rounds = 4
	pause  = 5 * time.Millisecond // between what a racer reads and what it writes
)

var now = storagetest.Now

// contest prepares one round on the first replica and returns what every racer does on its own; lost is the error of all but one.
type contest struct {
	name    string
	lost    error
	prepare func(t *testing.T, s *storage.Store) (race func(s *storage.Store) error)
}

var contests = []contest{
	{"redeem a code", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		return func(s *storage.Store) error {
			if _, err := s.GrantByCode(t.Context(), g.CodeHash); err != nil {
				return err
			}
			return s.RedeemCode(t.Context(), g.ID, redemption, now)
		}
	}},
	{"rotate a refresh token", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		require.NoError(t, s.RedeemCode(t.Context(), g.ID, redemption, now))
		return func(s *storage.Store) error {
			if _, err := s.Grant(t.Context(), g.ID, ""); err != nil {
				return err
			}
			return s.RotateRefreshToken(t.Context(), g.ID, 1, now.Add(time.Hour), now)
		}
	}},
	{"revoke a grant", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		return func(s *storage.Store) error { return s.RevokeGrant(t.Context(), g.ID, "", now) }
	}},
	{"burn a time step", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		_, a, _ := storagetest.EnrolledUser(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Authenticators(t.Context(), a.UserID); err != nil {
				return err
			}
			return s.BurnStep(t.Context(), a.ID, 1000, now)
		}
	}},
	{"spend a recovery code", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u, _, codes := storagetest.EnrolledUser(t, s)
		return func(s *storage.Store) error {
			if _, err := s.RecoveryCodesLeft(t.Context(), u.ID); err != nil {
				return err
			}
			return s.SpendRecoveryCode(t.Context(), u.ID, codes[3], now)
		}
	}},
	{"spend a ticket", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		ticket := storage.Ticket{
			Hash: storage.Hash(rand.Text()), Kind: storage.TicketEnrol, UserID: storagetest.User(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.AddTicket(t.Context(), ticket))
		return func(s *storage.Store) error {
			if _, err := s.Ticket(t.Context(), ticket.Hash, ticket.Kind); err != nil {
				return err
			}
			return s.SpendTicket(t.Context(), ticket.Hash, ticket.Kind, now)
		}
	}},
	{"confirm an enrolment", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		e := enrolment(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Enrolment(t.Context(), e.UserID, now); err != nil {
				return err
			}
			return s.ConfirmEnrolment(t.Context(), e.ID, 7, []string{rand.Text()}, now.Add(time.Hour))
		}
	}},
	{"end an enrolment", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		e := enrolment(t, s)
		return func(s *storage.Store) error { return s.EndEnrolment(t.Context(), e.ID) }
	}},
	{"complete a sign-in", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		h := storagetest.HalfSignIn(t, s, storagetest.User(t, s))
		return func(s *storage.Store) error {
			if _, err := s.HalfSignIn(t.Context(), h.TokenHash, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err // who reads after the winner finds nothing, and tries all the same
			}
			return s.CompleteSignIn(t.Context(), h.TokenHash, storage.Completion{
				TokenHash: storage.Hash(rand.Text()), IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour),
			}, now)
		}
	}},
	{"end a flow", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		f := storage.Flow{
			ID: storage.NewID(), BrowserHash: storage.Hash("browser"), ClientID: storagetest.Client(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.SaveFlow(t.Context(), f))
		return func(s *storage.Store) error { return s.EndFlow(t.Context(), f.ID) }
	}},
	{"take a name", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		spellings := []string{"Straße@example.test", "STRASSE@EXAMPLE.TEST", "strasse@example.test", "ｓtrasse@example.test"}
		suffix := storage.NewID()
		var next atomic.Int64
		return func(s *storage.Store) error {
			u := storage.User{ID: storage.NewID(), CreatedAt: storage.At(now), UpdatedAt: storage.At(now)}
			u.Email = spellings[next.Add(1)%int64(len(spellings))] + suffix
			return s.AddUser(t.Context(), u)
		}
	}},
	{"change a client", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		c := storagetest.Client(t, s)
		return func(s *storage.Store) error { return s.UpdateClient(t.Context(), c, now) }
	}},
	{"take a lease", errNotHeld, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		task := storage.NewID()
		return func(s *storage.Store) error {
			held, err := s.Lease(t.Context(), task, storage.NewID(), time.Minute, now)
			if err == nil && !held {
				return errNotHeld
			}
			return err
		}
	}},
}

var (
	errNotHeld = errors.New("somebody else holds the lease")
	redemption = storage.Redemption{Generation: 1, IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour)}
)

func grant(t *testing.T, s *storage.Store) storage.Grant {
	return storagetest.Grant(t, s, storagetest.User(t, s), storagetest.Client(t, s))
}

func enrolment(t *testing.T, s *storage.Store) storage.Enrolment {
	e, err := s.StartEnrolment(t.Context(), storage.Enrolment{
		ID: storage.NewID(), UserID: storagetest.User(t, s).ID, Secret: []byte("secret"), Algorithm: "SHA1", Digits: 6, Period: 30,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}, now)
	require.NoError(t, err)
	return e
}

// atOnce runs do for every racer on two replicas in turn and returns their errors.
func atOnce(replicas []*storage.Store, do func(racer int, s *storage.Store) error) []error {
	errs := make([]error, racers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-start
			errs[i] = do(i, replicas[i%len(replicas)])
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// eachRace runs body on two replicas of each database, as they are and with a pause after everything that is read.
func eachRace(t *testing.T, body func(t *testing.T, replicas []*storage.Store)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		t.Run("prompt", func(t *testing.T) { body(t, []*storage.Store{db.Open(t), db.Open(t)}) })
		t.Run("delayed", func(t *testing.T) {
			db.Open(t)
			delay := storagetest.Delay(pause)
			body(t, []*storage.Store{db.Open(t, delay), db.Open(t, delay)})
		})
	})
}

func TestRaceHasOneWinner(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for _, c := range contests {
			t.Run(c.name, func(t *testing.T) {
				for range rounds {
					race := c.prepare(t, replicas[0])
					won := 0
					for _, err := range atOnce(replicas, func(_ int, s *storage.Store) error { return race(s) }) {
						if err == nil {
							won++
							continue
						}
						require.ErrorIs(t, err, c.lost)
					}
					require.Equal(t, 1, won)
				}
			})
		}
	})
}

// However many attempts come at once and whatever the order of their keys, no budget lets more through than it has.
func TestRaceKeepsTheBudget(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			account := storage.Budget{Key: "account:" + storage.NewID(), Tries: 5, CloseAfter: 100}
			address := storage.Budget{Key: "address:" + storage.NewID(), Tries: 20, Forget: time.Hour}
			var allowed atomic.Int64
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				budgets := []storage.Budget{account, address}
				if racer%2 == 0 {
					budgets = []storage.Budget{address, account}
				}
				_, ok, err := s.CountAttempt(t.Context(), now, budgets...)
				if ok {
					allowed.Add(1)
				}
				return err
			}) {
				require.NoError(t, err)
			}
			require.Equal(t, int64(5), allowed.Load())
			states, err := replicas[0].Attempts(t.Context(), account.Key)
			require.NoError(t, err)
			require.Equal(t, 5, states[0].Failures)
			require.Equal(t, now.Add(time.Minute), states[0].BlockedUntil.Time)
		}
	})
}

// Attempts that are counted and given back at once, from many addresses and accounts, neither wait for each other for ever nor
// leave failures behind.
func TestRaceGivesBackEverything(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		budgets := make([]storage.Budget, 4)
		for i := range budgets {
			budgets[i] = storage.Budget{Key: storage.NewID(), Tries: 1000, Forget: time.Hour}
		}
		for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
			for i := range 5 {
				a, b := budgets[(racer+i)%4], budgets[(racer+i+1+racer%2)%4]
				if _, _, err := s.CountAttempt(t.Context(), now, a, b); err != nil {
					return err
				}
				if err := s.ClearAttempts(t.Context(), "", b, a); err != nil {
					return err
				}
			}
			return nil
		}) {
			require.NoError(t, err)
		}
		for _, b := range budgets {
			states, err := replicas[0].Attempts(t.Context(), b.Key)
			require.NoError(t, err)
			require.Zero(t, states[0].Failures)
		}
	})
}

// A session that is ended while its use is noted, again and again, does not come back.
func TestRaceDoesNotReviveSessions(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			u := storagetest.User(t, replicas[0])
			hash := storagetest.SignIn(t, replicas[0], u)
			signIn, err := replicas[0].SignIn(t.Context(), hash, "", now)
			require.NoError(t, err)
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				if racer == racers/2 {
					return s.EndSession(t.Context(), hash)
				}
				return s.TouchSession(t.Context(), signIn.ID(), now.Add(time.Minute), now.Add(time.Hour))
			}) {
				require.NoError(t, err)
			}
			_, err = replicas[0].SignIn(t.Context(), hash, "", now)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
	})
}

// Refreshing against revoking: once revoking has answered, no later generation is good.
func TestRaceRevokesForGood(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			g := grant(t, replicas[0])
			require.NoError(t, replicas[0].RedeemCode(t.Context(), g.ID, redemption, now))
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				if racer == racers/2 {
					return s.RevokeGrant(t.Context(), g.ID, "", now)
				}
				state, err := s.Grant(t.Context(), g.ID, "")
				if err != nil {
					return err
				}
				err = s.RotateRefreshToken(t.Context(), g.ID, state.Generation, now.Add(time.Hour), now)
				if errors.Is(err, storage.ErrStale) {
					return nil
				}
				return err
			}) {
				require.NoError(t, err)
			}
			state, err := replicas[0].Grant(t.Context(), g.ID, "")
			require.NoError(t, err)
			require.True(t, state.Ended(now))
			require.ErrorIs(t, replicas[0].RotateRefreshToken(t.Context(), g.ID, state.Generation, now.Add(time.Hour), now), storage.ErrStale)
		}
	})
}
