package token

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// A token of any length has one spelling only: unused bits of its last character are zero.
func TestTokensHaveOneSpelling(t *testing.T) {
	store := storagetest.Open(t)
	issuer := New(Config{Store: store})
	for length := range 4 {
		token, err := seal(store.Keyset(), AccessToken{ID: strings.Repeat("x", length)})
		require.NoError(t, err)
		refresh := issuer.RefreshToken(storage.NewID()[:20+length], 1)
		for _, last := range strings.TrimRight(unreserved, ".~") {
			changed := token[:len(token)-1] + string(last)
			_, ok := open(store.Keyset(), changed)
			require.Equal(t, changed == token, ok, length)

			changed = refresh[:len(refresh)-1] + string(last)
			_, _, ok = issuer.ReadRefreshToken(changed)
			require.Equal(t, changed == refresh, ok, length)
		}
	}
}

// A sealed token opens only for the purpose and with the keyset that it was sealed for.
func TestSealedTokenIsBound(t *testing.T) {
	keyset, err := storage.NewKeyset()
	require.NoError(t, err)
	want := AccessToken{ID: "id", GrantID: "grant", ClientID: "client", Subject: "sub", Scopes: []string{"openid"}, UserInfo: []string{"name"}, Issued: 1, Expires: 2}
	token, err := seal(keyset, want)
	require.NoError(t, err)
	got, ok := open(keyset, token)
	require.True(t, ok)
	require.Equal(t, want, got)

	other, err := storage.NewKeyset()
	require.NoError(t, err)
	_, ok = open(other, token)
	require.False(t, ok)
	sealed, err := keyset.Seal([]byte(`{"j":"id","e":9999999999}`), "device", "", "")
	require.NoError(t, err)
	_, ok = open(keyset, accessPrefix+strictBase64.EncodeToString(sealed))
	require.False(t, ok)
	rotated, err := keyset.Rotated()
	require.NoError(t, err)
	got, ok = open(rotated, token)
	require.True(t, ok, "a rotated keyset still opens it")
	require.Equal(t, want, got)
}
