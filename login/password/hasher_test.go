package password_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/password"
)

// cheap returns a Hasher that takes microseconds.
func cheap(t testing.TB) *password.Hasher {
	t.Helper()
	h, err := password.New(password.Config{Memory: 8, Time: 1})
	require.NoError(t, err)
	return h
}

func hashOf(t testing.TB, h *password.Hasher, text string) string {
	t.Helper()
	encoded, err := h.Hash(t.Context(), text)
	require.NoError(t, err)
	return encoded
}

func verify(t testing.TB, h *password.Hasher, text, encoded string) (ok, outdated bool) {
	t.Helper()
	ok, outdated, err := h.Verify(t.Context(), text, encoded)
	require.NoError(t, err)
	return ok, outdated
}

func TestDefaultCosts(t *testing.T) {
	h, err := password.New(password.Config{})
	require.NoError(t, err)
	encoded := hashOf(t, h, "a horse with no name")
	require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, encoded)
	require.NoError(t, password.ValidHash(encoded))

	ok, outdated := verify(t, h, "a horse with no name", encoded)
	require.True(t, ok)
	require.False(t, outdated)
	ok, _ = verify(t, h, "a horse with no game", encoded)
	require.False(t, ok)

	require.NotEqual(t, encoded, hashOf(t, h, "a horse with no name"), "the salt is random")
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]password.Config{
		"memory below 8 KiB a thread": {Memory: 15, Threads: 2},
		"memory of gigabytes":         {Memory: 1 << 20},
		"time of minutes":             {Memory: 1 << 18, Time: 5},
		"many threads":                {Memory: 1 << 16, Threads: 17},
		"negative concurrency":        {Concurrency: -1},
		"negative queue":              {Queue: -1},
		"negative wait":               {Wait: -1},
	} {
		_, err := password.New(cfg)
		require.Error(t, err, name)
	}
}

func TestChangedCostsAreOutdated(t *testing.T) {
	old := cheap(t)
	encoded := hashOf(t, old, "a horse with no name")
	for name, cfg := range map[string]password.Config{
		"memory":  {Memory: 16, Time: 1},
		"time":    {Memory: 8, Time: 2},
		"threads": {Memory: 16, Time: 1, Threads: 2},
	} {
		h, err := password.New(cfg)
		require.NoError(t, err)
		ok, outdated := verify(t, h, "a horse with no name", encoded)
		require.True(t, ok, name)
		require.True(t, outdated, name)
		ok, outdated = verify(t, h, "another", encoded)
		require.False(t, ok, name)
		require.False(t, outdated, name)
	}
}

func TestEveryFormOfACharacterIsTheSame(t *testing.T) {
	h := cheap(t)
	const (
		composed   = "caf\u00e9 au lait \u212b \uff21 \ufb01"
		decomposed = "cafe\u0301 au lait A\u030a A fi"
	)
	for _, set := range []string{composed, decomposed} {
		encoded := hashOf(t, h, set)
		for _, typed := range []string{composed, decomposed} {
			ok, outdated := verify(t, h, typed, encoded)
			require.True(t, ok, "set %q, typed %q", set, typed)
			require.False(t, outdated)
		}
		ok, _ := verify(t, h, "cafe au lait A A fi", encoded)
		require.False(t, ok)
	}
}

func TestNoTruncation(t *testing.T) {
	h := cheap(t)
	for _, length := range []int{72, 73, 128, 256, 1024} {
		text := strings.Repeat("x", length-1)
		encoded := hashOf(t, h, text+"y")
		ok, _ := verify(t, h, text+"y", encoded)
		require.True(t, ok, length)
		for _, other := range []string{text + "z", text, text + "yy"} {
			ok, _ := verify(t, h, other, encoded)
			require.False(t, ok, length)
		}
	}
}

func TestTooLongIsRefusedBeforeHashing(t *testing.T) {
	h := cheap(t)
	long := strings.Repeat("x", 1<<20)
	_, err := h.Hash(t.Context(), long)
	var weak *password.WeakError
	require.ErrorAs(t, err, &weak)

	done, cancel := context.WithCancel(t.Context())
	cancel() // any hashing would now return context.Canceled
	ok, _, err := h.Verify(done, long, hashOf(t, h, "x"))
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, h.VerifyNobody(done, long))
}

func TestCancelledContext(t *testing.T) {
	h := cheap(t)
	encoded := hashOf(t, h, "a horse with no name")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Hash(done, "a horse with no name")
	require.ErrorIs(t, err, context.Canceled)
	ok, _, err := h.Verify(done, "a horse with no name", encoded)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, ok)
	require.ErrorIs(t, h.VerifyNobody(done, "a horse with no name"), context.Canceled)
	require.NoError(t, h.VerifyNobody(t.Context(), "a horse with no name"))
}

// A change of any character of the salt, the tag or a cost makes the hash
// wrong or unreadable. The last characters carry spare bits, hence the letter.
func TestTamperedHashes(t *testing.T) {
	h := cheap(t)
	encoded := hashOf(t, h, "a horse with no name")
	for i := range encoded {
		for _, letter := range []byte("7Az$,=") {
			if encoded[i] == letter || isLastOfGroup(encoded, i) {
				continue
			}
			tampered := encoded[:i] + string(letter) + encoded[i+1:]
			ok, _, err := h.Verify(t.Context(), "a horse with no name", tampered)
			require.False(t, ok, tampered)
			if err != nil {
				require.ErrorIs(t, err, password.ErrHash)
			}
		}
		ok, _, err := h.Verify(t.Context(), "a horse with no name", encoded[:i])
		require.False(t, ok, encoded[:i])
		if err != nil {
			require.ErrorIs(t, err, password.ErrHash)
		}
	}
	for _, whole := range []string{encoded + "\n", " " + encoded, encoded + "$", encoded + encoded, "{CRYPT}" + encoded} {
		require.ErrorIs(t, password.ValidHash(whole), password.ErrHash, "%q", whole)
	}
}

func isLastOfGroup(encoded string, i int) bool {
	return i+1 == len(encoded) || encoded[i+1] == '$'
}

func TestManyAtOnce(t *testing.T) {
	h, err := password.New(password.Config{Memory: 8, Time: 1, Concurrency: 2, Queue: 64})
	require.NoError(t, err)
	encoded := hashOf(t, h, "a horse with no name")
	var wg sync.WaitGroup
	results := make(chan bool, 50)
	for range 50 {
		wg.Go(func() {
			ok, _, err := h.Verify(context.Background(), "a horse with no name", encoded)
			results <- ok && err == nil
		})
	}
	wg.Wait()
	close(results)
	for ok := range results {
		require.True(t, ok)
	}
}

func BenchmarkHash(b *testing.B) {
	h, err := password.New(password.Config{})
	require.NoError(b, err)
	for b.Loop() {
		_, err := h.Hash(b.Context(), "a horse with no name")
		require.NoError(b, err)
	}
}
