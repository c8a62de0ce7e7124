package keys_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// line returns the keys of one algorithm, oldest first.
func line(r *keys.Ring, alg string, at time.Time) []keys.Key {
	return slices.DeleteFunc(r.List(at), func(k keys.Key) bool { return k.Algorithm != alg })
}

func states(list []keys.Key) []keys.State {
	found := make([]keys.State, len(list))
	for i, k := range list {
		found[i] = k.State
	}
	return found
}

func TestRotation(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r := loadedRing(t, s)
		first := line(r, "RS256", now)[0]
		before, err := r.Public(now)
		require.NoError(t, err)

		start := now.Add(time.Minute)
		added, err := r.Rotate(t.Context(), "RS256", false, operator, start)
		require.NoError(t, err)
		begins := start.Add(announcement)
		ends := begins.Add(lifetime)
		require.Equal(t, keys.Announced, added.State)
		require.True(t, added.SignsFrom.Equal(begins))
		other := loadedRing(t, open())

		for _, c := range []struct {
			name      string
			at        time.Time
			signer    string
			states    []keys.State
			published int // of all algorithms
		}{
			{"announced", start, first.ID, []keys.State{keys.Signing, keys.Announced}, 5},
			{"just before it begins", begins.Add(-time.Microsecond), first.ID, []keys.State{keys.Signing, keys.Announced}, 5},
			{"when it begins", begins, added.ID, []keys.State{keys.Retired, keys.Signing}, 5},
			{"while old tokens live", ends.Add(-time.Microsecond), added.ID, []keys.State{keys.Retired, keys.Signing}, 5},
			{"when the last has expired", ends, added.ID, []keys.State{keys.Removed, keys.Signing}, 4},
		} {
			t.Run(c.name, func(t *testing.T) {
				require.Equal(t, c.signer, kidOf(t, sign(t, r, "RS256", c.at)))
				require.Equal(t, c.signer, kidOf(t, sign(t, other, "RS256", c.at)), "all replicas switch together")
				require.Equal(t, c.states, states(line(r, "RS256", c.at)))
				require.Len(t, published(t, r, c.at).Keys, c.published)
			})
		}
		old := line(r, "RS256", start)[0]
		require.True(t, old.RetiredAt.Equal(begins))
		require.True(t, old.PublishedUntil.Equal(ends))
		require.Equal(t, line(r, "RS256", start), line(loadedRing(t, open()), "RS256", start), "another replica has other dates")

		after, err := r.Public(start)
		require.NoError(t, err)
		require.NotEqual(t, before.ETag, after.ETag)
		later, err := r.Public(ends)
		require.NoError(t, err)
		require.NotEqual(t, after.ETag, later.ETag, "the document did not change when a key's publication ended")
		require.Equal(t, slices.Repeat([]string{"key.added"}, 5), eventNames(t, s))
	})
}

func TestOldTokensVerifyWhileTheirKeyIsPublished(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	token := sign(t, r, "ES256", now)
	start := now.Add(time.Minute)
	_, err := r.Rotate(t.Context(), "ES256", true, operator, start)
	require.NoError(t, err)
	require.NotEqual(t, kidOf(t, token), kidOf(t, sign(t, r, "ES256", start)))

	_, _, err = r.Verify(token, allAlgs, start.Add(lifetime-time.Microsecond))
	require.NoError(t, err)
	_, _, err = r.Verify(token, allAlgs, start.Add(lifetime))
	require.ErrorIs(t, err, keys.ErrUnknownKey)
}

func TestRotateAtOnceOvertakesAnAnnouncedKey(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	_, err := r.Rotate(t.Context(), "EdDSA", false, operator, now.Add(time.Minute))
	require.NoError(t, err)
	start := now.Add(time.Hour)
	added, err := r.Rotate(t.Context(), "EdDSA", true, operator, start)
	require.NoError(t, err)
	require.Equal(t, keys.Signing, added.State)
	for _, at := range []time.Time{start, start.Add(announcement), start.Add(10 * announcement)} {
		require.Equal(t, added.ID, kidOf(t, sign(t, r, "EdDSA", at)))
	}
}

func TestRotateBehindAFastClock(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	late := now.Add(-90 * time.Second)
	added, err := r.Rotate(t.Context(), "ES256", true, operator, late)
	require.NoError(t, err)
	require.Equal(t, added.ID, kidOf(t, sign(t, r, "ES256", now)))
}

func TestRotateUnknownAlgorithm(t *testing.T) {
	s := storagetest.Open(t)
	r := loadedRing(t, s)
	for _, alg := range []string{"", "none", "HS256", "RS512"} {
		_, err := r.Rotate(t.Context(), alg, true, operator, now)
		require.ErrorIs(t, err, keys.ErrNoKey, alg)
	}
	require.Len(t, r.List(now), 4)
}

func TestTwoReplicasRotateAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		rings := []*keys.Ring{loadedRing(t, open()), loadedRing(t, open())}
		results := make([]keys.Key, len(rings))
		faults := make([]error, len(rings))
		var group sync.WaitGroup
		for i, r := range rings {
			group.Go(func() { results[i], faults[i] = r.Rotate(t.Context(), "ES256", false, operator, now.Add(time.Minute)) })
		}
		group.Wait()
		require.NoError(t, faults[0])
		require.NoError(t, faults[1])
		require.Equal(t, results[0], results[1])
		require.Len(t, line(rings[0], "ES256", now), 2)
	})
}

func TestKeysThatNobodyNeedsAreDeleted(t *testing.T) {
	s := storagetest.Open(t)
	r := loadedRing(t, s)
	at := now
	for range 3 {
		at = at.Add(2 * lifetime)
		_, err := r.Rotate(t.Context(), "ES256", true, operator, at)
		require.NoError(t, err)
	}
	// The previous key is still published; older ones are gone.
	require.Equal(t, []keys.State{keys.Retired, keys.Signing}, states(line(r, "ES256", at)))
	require.Len(t, line(r, "RS256", at), 1)
}

func TestRetire(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r, other := loadedRing(t, s), loadedRing(t, open())
		token := sign(t, r, "RS256", now)
		leaked := kidOf(t, token)

		_, err := r.Retire(t.Context(), leaked, operator, now)
		require.ErrorIs(t, err, keys.ErrLastKey)
		require.Equal(t, leaked, kidOf(t, sign(t, r, "RS256", now)))
		_, err = r.Retire(t.Context(), "unknown", operator, now)
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.Equal(t, slices.Repeat([]string{"key.added"}, 4), eventNames(t, s), "a refused retirement was recorded")

		at := now.Add(time.Minute)
		_, err = r.Rotate(t.Context(), "RS256", false, operator, at)
		require.NoError(t, err)
		_, err = r.Retire(t.Context(), leaked, operator, at)
		require.ErrorIs(t, err, keys.ErrLastKey, "an announced key does not sign yet")

		_, err = r.Rotate(t.Context(), "RS256", true, operator, at)
		require.NoError(t, err)
		at = at.Add(time.Second)
		retired, err := r.Retire(t.Context(), leaked, operator, at)
		require.NoError(t, err)
		require.Equal(t, keys.Removed, retired.State)
		require.NotContains(t, kids(published(t, r, at)), leaked)
		_, _, err = r.Verify(token, allAlgs, at)
		require.ErrorIs(t, err, keys.ErrUnknownKey)
		require.Equal(t, "key.retired", eventNames(t, s)[0])

		events := len(eventNames(t, s))
		_, err = r.Retire(t.Context(), leaked, operator, at)
		require.NoError(t, err)
		require.Len(t, eventNames(t, s), events, "a second removal was recorded")

		require.NoError(t, other.Load(t.Context(), at))
		require.Equal(t, r.List(at), other.List(at))
	})
}

func TestRetireAKeyThatARotationHasRetired(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	token := sign(t, r, "ES256", now)
	at := now.Add(time.Minute)
	_, err := r.Rotate(t.Context(), "ES256", true, operator, at)
	require.NoError(t, err)
	_, _, err = r.Verify(token, allAlgs, at)
	require.NoError(t, err)

	_, err = r.Retire(t.Context(), kidOf(t, token), operator, at)
	require.NoError(t, err)
	_, _, err = r.Verify(token, allAlgs, at)
	require.ErrorIs(t, err, keys.ErrUnknownKey)
}

func TestRetireAnAnnouncedKeyLeavesNoGap(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	first := line(r, "ES256", now)[0]
	announced, err := r.Rotate(t.Context(), "ES256", false, operator, now.Add(time.Minute))
	require.NoError(t, err)
	_, err = r.Retire(t.Context(), announced.ID, operator, now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, first.ID, kidOf(t, sign(t, r, "ES256", now.Add(10*announcement))))
	require.NotContains(t, kids(published(t, r, now.Add(time.Hour))), announced.ID)
}

func TestTwoReplicasRetireAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		rings := []*keys.Ring{loadedRing(t, open()), loadedRing(t, open())}
		at := now.Add(time.Minute)
		_, err := rings[0].Rotate(t.Context(), "ES256", true, operator, at)
		require.NoError(t, err)
		require.NoError(t, rings[1].Load(t.Context(), at))
		both := line(rings[0], "ES256", at)
		at = at.Add(time.Second)
		faults := make([]error, len(rings))
		var group sync.WaitGroup
		for i, r := range rings {
			group.Go(func() { _, faults[i] = r.Retire(t.Context(), both[i].ID, operator, at) })
		}
		group.Wait()
		// The signing key cannot be removed, because the other one is removed already.
		require.NoError(t, faults[0])
		require.ErrorIs(t, faults[1], keys.ErrLastKey)
		require.Equal(t, both[1].ID, kidOf(t, sign(t, rings[1], "ES256", at)))
	})
}

// A change is not made without its audit entry.
func TestChangesAndTheirAuditEntriesAreOne(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		r := loadedRing(t, db.Open(t))
		added, err := r.Rotate(t.Context(), "ES256", true, operator, now.Add(time.Minute))
		require.NoError(t, err)
		before := r.List(now)
		_, err = db.SQL(t).Exec(`ALTER TABLE audit_events RENAME TO audit_gone`)
		require.NoError(t, err)

		at := now.Add(time.Hour)
		_, err = r.Rotate(t.Context(), "ES256", true, operator, at)
		require.Error(t, err)
		_, err = r.Retire(t.Context(), before[0].ID, operator, at)
		require.Error(t, err)
		require.NoError(t, r.Load(t.Context(), at))
		require.Equal(t, before, r.List(now))
		require.Equal(t, added.ID, kidOf(t, sign(t, r, "ES256", at)))
	})
}

// A replica reads a key that was sealed with a newer keyset than its own, and gets that keyset later.
func TestKeysAreReadAgainWithANewKeyset(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		ours := loadedRing(t, db.Open(t))
		rotated, err := db.Keyset.Rotated()
		require.NoError(t, err)
		other := loadedRing(t, (&storagetest.Database{URL: db.URL, Keyset: rotated}).Open(t))
		added, err := other.Rotate(t.Context(), "ES256", true, operator, now)
		require.NoError(t, err)

		done := make(chan error)
		go func() { done <- ours.Run(t.Context(), 5*time.Millisecond) }()
		knows := func(state keys.State) func() bool {
			return func() bool {
				return slices.ContainsFunc(ours.List(now), func(k keys.Key) bool { return k.ID == added.ID && k.State == state })
			}
		}
		require.Eventually(t, knows(keys.Unusable), 5*time.Second, 5*time.Millisecond)
		db.Keyset.Replace(rotated)
		require.Eventually(t, knows(keys.Signing), 5*time.Second, 5*time.Millisecond)
		require.Empty(t, done)
	})
}
