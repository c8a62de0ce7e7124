package token

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/provider/keys/keystest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Only a text that was issued is an access token.
func FuzzSealedToken(f *testing.F) {
	i := newIssuer(f)
	keyset := i.store.Keyset()
	issued, err := seal(keyset, AccessToken{ID: "id", GrantID: "grant", ClientID: "app", Subject: "sub", Expires: time.Now().Unix() + 600})
	require.NoError(f, err)
	otherPurpose, err := keyset.Seal([]byte(`{"j":"id"}`), "device", "", "")
	require.NoError(f, err)
	f.Add(issued)
	f.Add(accessPrefix + base64.RawURLEncoding.EncodeToString(otherPurpose))
	for _, variant := range append(jwttest.Variants(issued)[:50], "", accessPrefix, "x", "a.b.c", strings.Repeat("x", 10_000)) {
		f.Add(variant)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, ok := i.ReadAccessToken(token, time.Now())
		require.Equal(t, token == issued, ok)
	})
}

// Only a text that was issued is a refresh token, and reading it returns the grant and number that it was issued for.
func FuzzRefreshToken(f *testing.F) {
	issuer := New(Config{Store: storagetest.Open(f)})
	id := storage.NewID()
	issued := issuer.RefreshToken(id, 7)
	f.Add(issued)
	f.Add(issuer.RefreshToken(id, -1))
	for _, variant := range append(jwttest.Variants(issued)[:50], "", refreshPrefix, strings.Replace(issued, ".7.", ".07.", 1), strings.Replace(issued, ".7.", ".8.", 1)) {
		f.Add(variant)
	}
	f.Fuzz(func(t *testing.T, token string) {
		grantID, generation, ok := issuer.ReadRefreshToken(token)
		if !ok {
			require.NotEqual(t, issued, token)
			return
		}
		require.Equal(t, token, issuer.RefreshToken(grantID, generation))
		require.Equal(t, id, grantID, "only the issuer knows the key")
	})
}

// newIssuer returns an issuer with a key of each algorithm.
func newIssuer(t testing.TB) *Issuer {
	store := storagetest.Open(t)
	ring, err := keys.New(keys.Config{Store: store, Audit: audit.New(store)})
	require.NoError(t, err)
	keystest.Provide(t, store)
	require.NoError(t, ring.Load(t.Context(), time.Now()))
	return New(Config{Issuer: issuer, Store: store, Grants: store.Grants, Audit: audit.New(store), Keys: ring})
}
