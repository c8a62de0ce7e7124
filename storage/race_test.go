package storage_test

import (
	"errors"
	"fmt"
	"slices"
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
	pause  = 5 * time.Millisecond // between the reads and the writes of a racer
)

var now = storagetest.Now

// atOnce runs do for all racers at once, on the replicas in turn, and returns their errors.
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

// eachRace runs body on two replicas of each database, without delays and with a pause after each read.
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
		for _, c := range slices.Concat(contests, moreContests) {
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

// However many attempts come at once, and in whatever order of keys, no budget lets more through than it has, whether attempts are counted
// or reserved.
func TestRaceKeepsTheBudget(t *testing.T) {
	t.Run("counted", func(t *testing.T) {
		raceOnBudgets(t, func(s *storage.Store, allowed *atomic.Int64, budgets []storage.Budget) error {
			_, ok, err := s.Attempts.Count(t.Context(), now, budgets...)
			if ok {
				allowed.Add(1)
			}
			return err
		})
	})
	t.Run("reserved", func(t *testing.T) {
		raceOnBudgets(t, func(s *storage.Store, allowed *atomic.Int64, budgets []storage.Budget) error {
			room, ok, err := s.Attempts.Reserve(t.Context(), now, budgets...)
			if !ok {
				return err
			}
			allowed.Add(1)
			return s.Attempts.Fail(t.Context(), room, now)
		})
	})
}

func raceOnBudgets(t *testing.T, try func(*storage.Store, *atomic.Int64, []storage.Budget) error) {
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
				return try(s, &allowed, budgets)
			}) {
				require.NoError(t, err)
			}
			require.Equal(t, int64(5), allowed.Load())
			states, err := replicas[0].Attempts.States(t.Context(), account.Key)
			require.NoError(t, err)
			require.Equal(t, 5, states[0].Failures)
			require.Equal(t, now.Add(time.Minute), states[0].BlockedUntil.Time)
			states, err = replicas[0].Attempts.States(t.Context(), address.Key)
			require.NoError(t, err)
			used := states[0].Failures
			for range address.Tries - used {
				_, ok, err := replicas[0].Attempts.Reserve(t.Context(), now, address)
				require.NoError(t, err)
				require.True(t, ok, "an attempt without a place under one key has kept its place under the other")
			}
		}
	})
}

// Attempts from many addresses and for many accounts that are reserved and released at once neither deadlock nor leave failures behind.
func TestRaceGivesBackEverything(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		budgets := make([]storage.Budget, 4)
		for i := range budgets {
			budgets[i] = storage.Budget{Key: storage.NewID(), Tries: 1000, Forget: time.Hour}
		}
		for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
			for i := range 5 {
				a, b := budgets[(racer+i)%4], budgets[(racer+i+1+racer%2)%4]
				room, allowed, err := s.Attempts.Reserve(t.Context(), now, b, a)
				if err != nil || !allowed {
					return fmt.Errorf("allowed: %t, %w", allowed, err)
				}
				if err := s.Attempts.Release(t.Context(), room); err != nil {
					return err
				}
			}
			return nil
		}) {
			require.NoError(t, err)
		}
		for _, b := range budgets {
			states, err := replicas[0].Attempts.States(t.Context(), b.Key)
			require.NoError(t, err)
			require.Zero(t, states[0].Failures)
			_, allowed, err := replicas[0].Attempts.Reserve(t.Context(), now, storage.Budget{Key: b.Key, Tries: 1})
			require.NoError(t, err)
			require.True(t, allowed)
		}
	})
}

// A session that ends while its use is recorded repeatedly does not come back.
func TestRaceDoesNotReviveSessions(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			u := storagetest.User(t, replicas[0])
			hash := storagetest.SignIn(t, replicas[0], u)
			signIn, err := replicas[0].Sessions.SignIn(t.Context(), hash, "", now)
			require.NoError(t, err)
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				if racer == racers/2 {
					return s.Sessions.End(t.Context(), hash)
				}
				return s.Sessions.Touch(t.Context(), signIn.ID(), now.Add(time.Minute), now.Add(time.Hour))
			}) {
				require.NoError(t, err)
			}
			_, err = replicas[0].Sessions.SignIn(t.Context(), hash, "", now)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
	})
}

// Refresh tokens are rotated while their grant is revoked: once Revoke has returned, no later generation can be used.
func TestRaceRevokesForGood(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			g := grant(t, replicas[0])
			require.NoError(t, replicas[0].Grants.RedeemCode(t.Context(), g.ID, redemption, now))
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				if racer == racers/2 {
					return s.Grants.Revoke(t.Context(), g.ID, "", now)
				}
				state, err := s.Grants.ByID(t.Context(), g.ID, "")
				if err != nil {
					return err
				}
				err = s.Grants.RotateRefreshToken(t.Context(), g.ID, state.Generation, "", now.Add(time.Hour), now)
				if errors.Is(err, storage.ErrStale) {
					return nil
				}
				return err
			}) {
				require.NoError(t, err)
			}
			state, err := replicas[0].Grants.ByID(t.Context(), g.ID, "")
			require.NoError(t, err)
			require.True(t, state.Ended(now))
			require.ErrorIs(t, replicas[0].Grants.RotateRefreshToken(t.Context(), g.ID, state.Generation, "", now.Add(time.Hour), now), storage.ErrStale)
		}
	})
}
