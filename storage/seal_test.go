package storage_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

func TestKeysetOpensInItsPlaceOnly(t *testing.T) {
	keyset, err := storage.NewKeyset()
	require.NoError(t, err)
	sealed, err := keyset.Seal([]byte("secret"), "table", "column", "row")
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "secret")
	opened, err := keyset.Open(sealed, "table", "column", "row")
	require.NoError(t, err)
	require.Equal(t, "secret", string(opened))
	again, err := keyset.Seal([]byte("secret"), "table", "column", "row")
	require.NoError(t, err)
	require.NotEqual(t, sealed, again)

	for _, place := range [][3]string{{"other", "column", "row"}, {"table", "other", "row"}, {"table", "column", "other"}, {"table", "", "columnrow"}} {
		_, err := keyset.Open(sealed, place[0], place[1], place[2])
		require.ErrorIs(t, err, storage.ErrSealed, place)
	}
	for i := range sealed {
		damaged := append([]byte(nil), sealed...)
		damaged[i] ^= 1
		_, err := keyset.Open(damaged, "table", "column", "row")
		require.ErrorIs(t, err, storage.ErrSealed, "bit in byte %d", i)
	}
	for _, short := range [][]byte{nil, {}, {1}, sealed[:5], sealed[:len(sealed)-1]} {
		_, err := keyset.Open(short, "table", "column", "row")
		require.ErrorIs(t, err, storage.ErrSealed)
		require.False(t, keyset.Current(short[:min(5, len(short))]))
	}
}

func TestKeysetRotates(t *testing.T) {
	old, err := storage.NewKeyset()
	require.NoError(t, err)
	byOld, err := old.Seal([]byte("old"), "t", "c", "r")
	require.NoError(t, err)
	rotated, err := old.Rotated()
	require.NoError(t, err)
	byNew, err := rotated.Seal([]byte("new"), "t", "c", "r")
	require.NoError(t, err)

	require.True(t, old.Current(byOld))
	require.False(t, rotated.Current(byOld))
	require.True(t, rotated.Current(byNew))
	opened, err := rotated.Open(byOld, "t", "c", "r")
	require.NoError(t, err)
	require.Equal(t, "old", string(opened))
	_, err = old.Open(byNew, "t", "c", "r")
	require.ErrorIs(t, err, storage.ErrSealed)

	old.Replace(rotated)
	opened, err = old.Open(byNew, "t", "c", "r")
	require.NoError(t, err)
	require.Equal(t, "new", string(opened))
	require.True(t, old.Current(byNew))
}

func TestKeysetReadsWhatItWrote(t *testing.T) {
	keyset, err := storage.NewKeyset()
	require.NoError(t, err)
	rotated, err := keyset.Rotated()
	require.NoError(t, err)
	sealed, err := rotated.Seal([]byte("secret"), "t", "c", "r")
	require.NoError(t, err)
	text, err := rotated.JSON()
	require.NoError(t, err)
	require.True(t, json.Valid(text))
	read, err := storage.ReadKeyset(text)
	require.NoError(t, err)
	require.True(t, read.Current(sealed))
	opened, err := read.Open(sealed, "t", "c", "r")
	require.NoError(t, err)
	require.Equal(t, "secret", string(opened))

	for _, broken := range []string{"", "{}", "null", "no JSON", `{"primaryKeyId":1,"key":[]}`} {
		_, err := storage.ReadKeyset([]byte(broken))
		require.Error(t, err, broken)
	}
}
