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
	{"failures are forgotten after a while without any", failuresAreForgotten},
	{"nothing is counted if one key is blocked", countingIsAllOrNothing},
	{"attempts count against their budgets while they are checked", attemptsTakeRoom},
	{"a reservation whose end is never recorded ends by itself", reservationsEnd},
	{"nothing is reserved if one key has no place", reservingIsAllOrNothing},
	{"a key is cleared unless it is blocked", keysArePassed},
}

// unblocked is the BlockedUntil of a key that is not blocked.
var unblocked = storage.At(time.UnixMicro(0).UTC())

func count(t *testing.T, s *storage.Store, now time.Time, budgets ...storage.Budget) (map[string]storage.AttemptState, bool) {
	t.Helper()
	states, allowed, err := s.Attempts.Count(t.Context(), now, budgets...)
	require.NoError(t, err)
	byKey := map[string]storage.AttemptState{}
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
		stored, err := s.Attempts.States(t.Context(), "k", "other")
		require.NoError(t, err)
		require.Equal(t, []storage.AttemptState{{Key: "k", Failures: i + 5, BlockedUntil: storage.At(until), PendingUntil: unblocked}}, stored, "a refused attempt is not counted")
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
	require.False(t, allowed, "the key is closed for good")
	passed, err := s.Attempts.ClearUnlessBlocked(t.Context(), now, b)
	require.NoError(t, err)
	require.False(t, passed)

	require.NoError(t, s.Attempts.Clear(t.Context(), "k"))
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
	require.Equal(t, 3, states["forgetful"].Failures, "after a new failure the earlier ones still count")

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
	stored, err := s.Attempts.States(t.Context(), "a", "b")
	require.NoError(t, err)
	require.ElementsMatch(t, []storage.AttemptState{
		{Key: "a", Failures: 1, BlockedUntil: unblocked, PendingUntil: unblocked},
		{Key: "b", Failures: 1, BlockedUntil: storage.At(Now.Add(time.Minute)), PendingUntil: unblocked},
	}, stored)
	states, allowed := count(t, s, Now, wide)
	require.True(t, allowed)
	require.Equal(t, 2, states["a"].Failures)
}

func attemptsTakeRoom(t *testing.T, db *Database) {
	s := db.Open(t)
	account, address := storage.Budget{Key: "account", Tries: 3}, storage.Budget{Key: "address", Tries: 5}
	reserve := func(now time.Time, budgets ...storage.Budget) (storage.Reservation, bool) {
		t.Helper()
		r, allowed, err := s.Attempts.Reserve(t.Context(), now, budgets...)
		require.NoError(t, err)
		return r, allowed
	}
	var rooms []storage.Reservation
	for range 3 {
		r, allowed := reserve(Now, account, address)
		require.True(t, allowed)
		rooms = append(rooms, r)
	}
	_, allowed := reserve(Now, address, account)
	require.False(t, allowed, "three are being checked")
	require.NoError(t, s.Attempts.Fail(t.Context(), rooms[0], Now))
	_, allowed = reserve(Now, account, address)
	require.False(t, allowed, "one has failed and two are being checked")
	require.NoError(t, s.Attempts.Release(t.Context(), rooms[1]))
	rooms[1], allowed = reserve(Now, account, address)
	require.True(t, allowed, "one was released")
	require.NoError(t, s.Attempts.Succeed(t.Context(), rooms[2], "account"))
	states, err := s.Attempts.States(t.Context(), "account", "address")
	require.NoError(t, err)
	for _, state := range states {
		require.Equal(t, map[string]int{"account": 0, "address": 1}[state.Key], state.Failures, "a success clears only the one key")
	}
	require.NoError(t, s.Attempts.Release(t.Context(), rooms[1]))

	for range 3 {
		r, allowed := reserve(Now, account)
		require.True(t, allowed)
		require.NoError(t, s.Attempts.Fail(t.Context(), r, Now))
	}
	_, allowed = reserve(Now.Add(time.Minute-time.Microsecond), account)
	require.False(t, allowed, "after the third failure one has to wait")
	later := Now.Add(time.Minute)
	r, allowed := reserve(later, account)
	require.True(t, allowed)
	_, allowed = reserve(later, account)
	require.False(t, allowed, "after a wait there is one attempt at a time")
	require.NoError(t, s.Attempts.Fail(t.Context(), r, later))
	states, err = s.Attempts.States(t.Context(), "account")
	require.NoError(t, err)
	require.Equal(t, later.Add(2*time.Minute), states[0].BlockedUntil.Time)
}

// A reservation whose end is never recorded ends by itself, and earlier failures are kept.
func reservationsEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	b := storage.Budget{Key: "k", Tries: 3, Forget: time.Hour}
	r, allowed, err := s.Attempts.Reserve(t.Context(), Now, b)
	require.NoError(t, err)
	require.True(t, allowed)
	require.NoError(t, s.Attempts.Fail(t.Context(), r, Now))
	for range 2 {
		_, allowed, err = s.Attempts.Reserve(t.Context(), Now, b)
		require.NoError(t, err)
		require.True(t, allowed)
	}
	soon := Now.Add(30 * time.Second)
	_, allowed, err = s.Attempts.Reserve(t.Context(), soon.Add(-time.Microsecond), b)
	require.NoError(t, err)
	require.False(t, allowed)
	_, err = s.Sweep(t.Context(), soon, 10)
	require.NoError(t, err)
	for n := range 3 {
		_, allowed, err = s.Attempts.Reserve(t.Context(), soon, b)
		require.NoError(t, err)
		require.Equal(t, n < 2, allowed)
	}
}

// A reservation that fails because of one key reserves nothing under the others.
func reservingIsAllOrNothing(t *testing.T, db *Database) {
	s := db.Open(t)
	full, free := storage.Budget{Key: "b", Tries: 1}, storage.Budget{Key: "a", Tries: 1}
	_, allowed, err := s.Attempts.Reserve(t.Context(), Now, full)
	require.NoError(t, err)
	require.True(t, allowed)
	_, allowed, err = s.Attempts.Reserve(t.Context(), Now, free, full)
	require.NoError(t, err)
	require.False(t, allowed)
	_, allowed, err = s.Attempts.Reserve(t.Context(), Now, free)
	require.NoError(t, err)
	require.True(t, allowed)
}

func keysArePassed(t *testing.T, db *Database) {
	s := db.Open(t)
	b := storage.Budget{Key: "k", Tries: 2}
	pass := func(now time.Time) bool {
		passed, err := s.Attempts.ClearUnlessBlocked(t.Context(), now, b)
		require.NoError(t, err)
		return passed
	}
	require.True(t, pass(Now), "nothing was counted yet")
	count(t, s, Now, b)
	require.True(t, pass(Now))
	count(t, s, Now, b)
	count(t, s, Now, b)
	require.False(t, pass(Now), "the count started again and reached its limit")
	states, err := s.Attempts.States(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, 2, states[0].Failures)
	require.NoError(t, s.Attempts.Lock(t.Context(), "k"))
	require.False(t, pass(Now), "a lock changes nothing")
	require.True(t, pass(Now.Add(time.Minute)))
	states, err = s.Attempts.States(t.Context(), "k")
	require.NoError(t, err)
	require.Zero(t, states[0].Failures)
}
