package storage_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

func TestTimeSurvivesARoundTrip(t *testing.T) {
	for _, at := range []time.Time{
		now, now.Add(123_456_789 * time.Nanosecond), now.In(time.FixedZone("far", 14*3600)), time.Unix(0, 0).Add(time.Microsecond), storage.Never,
		time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		stored := storage.At(at)
		value, err := stored.Value()
		require.NoError(t, err)
		var back storage.Time
		require.NoError(t, back.Scan(value))
		require.True(t, stored.Equal(back.Time))
		require.WithinDuration(t, at, back.Time, time.Microsecond)
		require.Equal(t, time.UTC, back.Location())
	}
	value, err := storage.Time{}.Value()
	require.NoError(t, err)
	require.Nil(t, value)
	back := storage.At(now)
	require.NoError(t, back.Scan(nil))
	require.True(t, back.IsZero())
	require.Error(t, back.Scan("2026-03-01"))
	require.Greater(t, storage.Never.UnixMicro(), int64(math.MaxInt64/4))
}

func TestListsAndObjectsAreJSONText(t *testing.T) {
	value, err := storage.Strings(nil).Value()
	require.NoError(t, err)
	require.Equal(t, "[]", value)
	value, err = storage.Claims(nil).Value()
	require.NoError(t, err)
	require.Equal(t, "{}", value)
	value, err = storage.Strings{"a", `"`}.Value()
	require.NoError(t, err)
	require.Equal(t, `["a","\""]`, value)

	for _, src := range []any{`["a"]`, []byte(`["a"]`)} {
		var list storage.Strings
		require.NoError(t, list.Scan(src))
		require.Equal(t, storage.Strings{"a"}, list)
	}
	var list storage.Strings
	require.NoError(t, list.Scan(nil))
	require.Nil(t, list)
	for _, src := range []any{`{}`, `["a"`, int64(1)} {
		require.Error(t, list.Scan(src))
		var object storage.Claims
		require.Error(t, object.Scan(`[]`))
	}

	var raw storage.JSON
	buffer := []byte(`{"a": 1}`)
	require.NoError(t, raw.Scan(buffer))
	buffer[0] = 'x'
	text, err := json.Marshal(struct{ Raw storage.JSON }{raw})
	require.NoError(t, err)
	require.Equal(t, `{"Raw":{"a":1}}`, string(text), "the driver's buffer is not kept")
	require.Error(t, raw.Scan(nil))
}

func TestSecretsAreHashedAndIDsAreRandom(t *testing.T) {
	require.Len(t, storage.Hash("x"), 32)
	require.Equal(t, storage.Hash("x"), storage.Hash("x"))
	require.NotEqual(t, storage.Hash("x"), storage.Hash("y"))
	seen := map[string]bool{}
	for range 10_000 {
		id := storage.NewID()
		require.True(t, storage.IsID(id))
		require.Len(t, id, 26)
		require.False(t, seen[id])
		seen[id] = true
	}
}

// Letters that differ only in case are the same letter, in every script.
func TestCanonicalNameHasNoCase(t *testing.T) {
	for r := range unicode.MaxRune {
		if other := unicode.SimpleFold(r); other != r {
			require.Equal(t, storage.CanonicalName(string(r)), storage.CanonicalName(string(other)), "%U and %U", r, other)
		}
		if unicode.IsLetter(r) {
			key := storage.CanonicalName(string(r))
			require.Equal(t, key, storage.CanonicalName(key), "%U", r)
		}
	}
}

func FuzzCanonicalName(f *testing.F) {
	for _, name := range []string{"Ada", "Straße", "ﬁ", "İ", "ς", "Å", "a\u0345", "ǰ", "ß@EXAMPLE.test", "\xff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := storage.CanonicalName(name)
		require.Equal(t, key, storage.CanonicalName(key), "the canonical name of a canonical name is itself")
	})
}

func TestIsIDRefusesOtherTexts(t *testing.T) {
	for _, text := range []string{"", "A", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ2", "ABCDEFGHIJKLMNOPQRSTUVWXY1", "ABCDEFGHIJKLMNOPQRSTUVWXY\x00"} {
		require.False(t, storage.IsID(text), "%q", text)
	}
}
