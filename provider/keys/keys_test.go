package keys_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

var (
	now      = storagetest.Now
	operator = audit.Operator()
	allAlgs  = []string{"RS256", "ES256", "EdDSA", "PS256"}
)

const (
	announcement = 24 * time.Hour
	lifetime     = time.Hour
)

// ringOn returns a ring that is not loaded yet.
func ringOn(t testing.TB, s *storage.Store) *keys.Ring {
	t.Helper()
	r, err := keys.New(keys.Config{Store: s, Audit: audit.New(s), Announcement: announcement, TokenLifetime: lifetime})
	require.NoError(t, err)
	return r
}

func loadedRing(t testing.TB, s *storage.Store) *keys.Ring {
	t.Helper()
	r := ringOn(t, s)
	require.NoError(t, r.Load(t.Context(), now))
	return r
}

func published(t testing.TB, r *keys.Ring, at time.Time) jose.JSONWebKeySet {
	t.Helper()
	document, err := r.Public(at)
	require.NoError(t, err)
	var jwks jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(document.JSON, &jwks))
	return jwks
}

func kids(jwks jose.JSONWebKeySet) []string {
	ids := make([]string, len(jwks.Keys))
	for i, key := range jwks.Keys {
		ids[i] = key.KeyID
	}
	return ids
}

func sign(t testing.TB, r *keys.Ring, alg string, at time.Time) string {
	t.Helper()
	token, err := r.Sign(alg, "JWT", []byte(`{"sub":"ada"}`), at)
	require.NoError(t, err)
	return token
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256})
	require.NoError(t, err)
	return parsed.Signatures[0].Protected.KeyID
}

// eventNames returns the names of the audit entries, newest first.
func eventNames(t testing.TB, s *storage.Store) []string {
	t.Helper()
	events, err := s.Events.List(t.Context(), storage.EventQuery{Limit: 100})
	require.NoError(t, err)
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.Name
	}
	return names
}

func TestNewRefusesWhatIsUnsafe(t *testing.T) {
	s := storagetest.Open(t)
	for name, cfg := range map[string]keys.Config{
		"no store":         {Audit: audit.New(s)},
		"no audit":         {Store: s},
		"small RSA keys":   {Store: s, Audit: audit.New(s), RSABits: 1024},
		"huge RSA keys":    {Store: s, Audit: audit.New(s), RSABits: 16384},
		"negative time":    {Store: s, Audit: audit.New(s), Announcement: -time.Hour},
		"negative life":    {Store: s, Audit: audit.New(s), TokenLifetime: -time.Hour},
		"nothing provided": {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.New(cfg)
			require.Error(t, err)
		})
	}
}

func TestFirstStart(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r := ringOn(t, s)
		require.Empty(t, r.Algorithms())
		_, err := r.Sign("RS256", "JWT", []byte(`{}`), now)
		require.ErrorIs(t, err, keys.ErrNoKey)

		require.NoError(t, r.Load(t.Context(), now))
		require.Equal(t, allAlgs, r.Algorithms())
		for _, key := range r.List(now) {
			require.Equal(t, keys.Signing, key.State)
		}
		require.Equal(t, slices.Repeat([]string{"key.added"}, 4), eventNames(t, s))

		again := loadedRing(t, open())
		require.Equal(t, r.List(now), again.List(now))
	})
}

func TestPublishedKeys(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	document, err := r.Public(now)
	require.NoError(t, err)

	var set struct{ Keys []map[string]any }
	require.NoError(t, json.Unmarshal(document.JSON, &set))
	public := map[string][]string{
		"RSA": {"alg", "e", "kid", "kty", "n", "use"}, "EC": {"alg", "crv", "kid", "kty", "use", "x", "y"},
		"OKP": {"alg", "crv", "kid", "kty", "use", "x"},
	}
	for _, key := range set.Keys {
		var members []string
		for name := range key {
			members = append(members, name)
		}
		slices.Sort(members)
		require.Equal(t, public[key["kty"].(string)], members)
		require.Equal(t, "sig", key["use"])
	}

	jwks := published(t, r, now)
	require.Len(t, jwks.Keys, 4)
	var algs []string
	for _, key := range jwks.Keys {
		require.True(t, key.IsPublic())
		thumbprint, err := key.Thumbprint(crypto.SHA256)
		require.NoError(t, err)
		require.Equal(t, base64.RawURLEncoding.EncodeToString(thumbprint), key.KeyID)
		algs = append(algs, key.Algorithm)
	}
	require.ElementsMatch(t, allAlgs, algs)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(kids(jwks)))), 4)
	require.Regexp(t, `^"[A-Za-z0-9_-]{22}"$`, document.ETag)

	same, err := r.Public(now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, document, same)
	require.Same(t, &document.JSON[0], &same.JSON[0], "serialised again without a change")
}

func TestFirstStartOfManyReplicas(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		rings := make([]*keys.Ring, 4)
		for i := range rings {
			rings[i] = ringOn(t, open())
		}
		faults := make([]error, len(rings))
		var group sync.WaitGroup
		for i, r := range rings {
			group.Go(func() { faults[i] = r.Load(t.Context(), now) })
		}
		group.Wait()
		for i, r := range rings {
			require.NoError(t, faults[i])
			require.Equal(t, rings[0].List(now), r.List(now))
			require.Len(t, r.List(now), 4)
		}
	})
}

func TestRunFollowsOtherReplicas(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		ours, other := loadedRing(t, open()), loadedRing(t, open())
		done := make(chan error)
		go func() { done <- other.Run(t.Context(), 5*time.Millisecond) }()

		added, err := ours.Rotate(t.Context(), "ES256", true, operator, now)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return kidOf(t, sign(t, other, "ES256", now)) == added.ID }, 5*time.Second, 5*time.Millisecond)
		require.Empty(t, done)
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx, time.Hour) }()
	cancel()
	require.NoError(t, <-done)
}

func TestKeysStayInUseDuringAnOutage(t *testing.T) {
	db := storagetest.SQLite(t)
	var faults storagetest.Faults
	var counter storagetest.Counter
	s := db.Open(t, faults.Intercept, counter.Intercept)
	r := loadedRing(t, s)
	before := r.List(now)

	faults.Fail(1, false, storage.ErrUnavailable)
	require.Error(t, r.Load(t.Context(), now))
	require.Equal(t, before, r.List(now))

	counter.Reset()
	token := sign(t, r, "RS256", now)
	_, _, err := r.Verify(token, allAlgs, now)
	require.NoError(t, err)
	published(t, r, now)
	require.Zero(t, counter.Count(), "signing, verifying or publishing caused a query")
}
