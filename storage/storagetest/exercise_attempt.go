package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var attemptBehaviours = []behaviour{
	{"after the free tries the waits grow", waitsGrow},
	{"after many failures in a row a key is closed", keysClose},
	{"failures are forgotten after a quiet time", failuresAreForgotten},
	{"one blocked key stops the count of all", countingIsAllOrNothing},
	{"a right attempt clears its key and is given back elsewhere", attemptsAreGivenBack},
	{"a key is passed unless it is blocked", keysArePassed},
}

func count(t *testing.T, s *storage.Store, now time.Time, budgets ...storage.Budget) (map[string]storage.Attempts, bool) {
	t.Helper()
	states, allowed, err := s.CountAttempt(t.Context(), now, budgets...)
	require.NoError(t, err)
	byKey := map[string]storage.Attempts{}
	for _, state := range states {
		byKey[state.Key] = state
	}
	return byKey, allowed
}

func waitsGrow(t *testing.T, db *Database) {
	s := db.Open(t)
	b := storage.Budget{Key: "k", Tries: 5}
	now := Now
	for i := range 4 {
		states, allowed := count(t, s, now, b)
		require.True(t, allowed)
		require.Equal(t, i+1, states["k"].Failures)
		require.False(t, states["k"].BlockedUntil.After(now))
	}
	for i, minutes := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		states, allowed := count(t, s, now, b)
		require.True(t, allowed)
		require.Equal(t, i+5, states["k"].Failures)
		until := now.Add(minutes * time.Minute)
		require.Equal(t, until, states["k"].BlockedUntil.Time)

		now = until.Add(-time.Microsecond)
		states, allowed = count(t, s, now, b)
		require.False(t, allowed)
		require.Empty(t, states)
		stored, err := s.Attempts(t.Context(), "k", "other")
		require.NoError(t, err)
		require.Equal(t, []storage.Attempts{{Key: "k", Failures: i + 5, BlockedUntil: storage.At(until)}}, stored, "what is refused is not counted")
		now = until
	}
}

func keysClose(t *testing.T, db *Database) {
	s := db.Open(t)
	b := storage.Budget{Key: "k", Tries: 5, CloseAfter: 100}
	now := Now
	for i := range 100 {
		states, allowed := count(t, s, now, b)
		require.True(t, allowed)
		if i < 99 {
			require.Less(t, states["k"].BlockedUntil.Sub(now), 2*time.Hour)
		} else {
			require.True(t, states["k"].BlockedUntil.Equal(storage.Never))
		}
		now = now.Add(time.Hour)
	}
	now = now.Add(100 * 365 * 24 * time.Hour)
	_, allowed := count(t, s, now, b)
	require.False(t, allowed)
	_, err := s.Sweep(t.Context(), now, 10)
	require.NoError(t, err)
	_, allowed = count(t, s, now, b)
	require.False(t, allowed, "closed for good")
	passed, err := s.PassAttempt(t.Context(), now, b)
	require.NoError(t, err)
	require.False(t, passed)

	require.NoError(t, s.ClearAttempts(t.Context(), "k"))
	states, allowed := count(t, s, now, b)
	require.True(t, allowed)
	require.Equal(t, 1, states["k"].Failures)
}

func failuresAreForgotten(t *testing.T, db *Database) {
	s := db.Open(t)
	forgetful := storage.Budget{Key: "forgetful", Tries: 3, Forget: time.Minute}
	faithful := storage.Budget{Key: "faithful", Tries: 3}
	for range 2 {
		count(t, s, Now, forgetful, faithful)
	}
	states, allowed := count(t, s, Now.Add(time.Minute-time.Microsecond), forgetful)
	require.True(t, allowed)
	require.Equal(t, 3, states["forgetful"].Failures, "a new failure keeps the others in mind")

	end := Now.Add(2*time.Minute - time.Microsecond)
	states, allowed = count(t, s, end, forgetful)
	require.True(t, allowed)
	require.Equal(t, 1, states["forgetful"].Failures)
	require.False(t, states["forgetful"].BlockedUntil.After(end))
	states, _ = count(t, s, Now.Add(10*365*24*time.Hour), faithful)
	require.Equal(t, 3, states["faithful"].Failures)
}

func countingIsAllOrNothing(t *testing.T, db *Database) {
	s := db.Open(t)
	tight, wide := storage.Budget{Key: "b", Tries: 1}, storage.Budget{Key: "a", Tries: 100}
	_, allowed := count(t, s, Now, tight, wide)
	require.True(t, allowed)
	for range 3 {
		states, allowed := count(t, s, Now, wide, tight)
		require.False(t, allowed)
		require.Empty(t, states)
	}
	stored, err := s.Attempts(t.Context(), "a", "b")
	require.NoError(t, err)
	require.ElementsMatch(t, []storage.Attempts{
		{Key: "a", Failures: 1, BlockedUntil: storage.At(time.UnixMicro(0).UTC())},
		{Key: "b", Failures: 1, BlockedUntil: storage.At(Now.Add(time.Minute))},
	}, stored)
	states, allowed := count(t, s, Now, wide)
	require.True(t, allowed)
	require.Equal(t, 2, states["a"].Failures)
}

func attemptsAreGivenBack(t *testing.T, db *Database) {
	s := db.Open(t)
	account, address := storage.Budget{Key: "account", Tries: 5}, storage.Budget{Key: "address", Tries: 2}
	count(t, s, Now, address)
	count(t, s, Now, account, address) // the second failure of the address blocks it
	require.NoError(t, s.ClearAttempts(t.Context(), "account", address))
	stored, err := s.Attempts(t.Context(), "account", "address")
	require.NoError(t, err)
	unblocked := storage.At(time.UnixMicro(0).UTC())
	require.ElementsMatch(t, []storage.Attempts{
		{Key: "account", BlockedUntil: unblocked}, {Key: "address", Failures: 1, BlockedUntil: unblocked},
	}, stored)

	for i := range 2 { // right attempts do not make an address with many failures wait
		count(t, s, Now.Add(time.Duration(i)*time.Hour), address)
	}
	later := Now.Add(3 * time.Hour)
	for range 3 {
		_, allowed := count(t, s, later, account, address)
		require.True(t, allowed)
		require.NoError(t, s.ClearAttempts(t.Context(), "account", address))
	}
	require.NoError(t, s.ClearAttempts(t.Context(), "", account, address))
	stored, err = s.Attempts(t.Context(), "account")
	require.NoError(t, err)
	require.Equal(t, []storage.Attempts{{Key: "account", BlockedUntil: unblocked}}, stored, "never below zero")
}

func keysArePassed(t *testing.T, db *Database) {
	s := db.Open(t)
	b := storage.Budget{Key: "k", Tries: 2}
	pass := func(now time.Time) bool {
		passed, err := s.PassAttempt(t.Context(), now, b)
		require.NoError(t, err)
		return passed
	}
	require.True(t, pass(Now), "nothing was counted yet")
	count(t, s, Now, b)
	require.True(t, pass(Now))
	count(t, s, Now, b)
	count(t, s, Now, b)
	require.False(t, pass(Now), "the count began anew and reached its limit")
	states, err := s.Attempts(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, 2, states[0].Failures)
	require.True(t, pass(Now.Add(time.Minute)))
	states, err = s.Attempts(t.Context(), "k")
	require.NoError(t, err)
	require.Zero(t, states[0].Failures)
}
