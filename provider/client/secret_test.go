package client_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestAuthenticate(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	c, secret := added(t, r, valid(client.Web))
	chosen := "pst_cs_" + strings.Repeat("long-", 20) // 107 characters
	_, _, err := r.Add(t.Context(), client.Registration{ID: "chosen", Secret: chosen, Metadata: valid(client.Service)}, operator, now)
	require.NoError(t, err)

	require.True(t, r.Authenticate(c, secret, now))
	require.True(t, r.Authenticate(found(t, r, "chosen"), chosen, now))
	for name, wrong := range map[string]string{
		"nothing": "", "shorter": secret[:len(secret)-1], "longer": secret + "A", "other case": strings.ToUpper(secret), "blank": secret + " ",
		"first 72 bytes": chosen[:72], "of another client": chosen, "prefix": "pst_cs_", "huge": strings.Repeat("A", 1<<16),
	} {
		require.False(t, r.Authenticate(c, wrong, now), name)
	}
	require.False(t, r.Authenticate(found(t, r, "chosen"), chosen[:72]+strings.Repeat("x", len(chosen)-72), now), "only the beginning counts")
	require.False(t, r.Authenticate(nil, secret, now))
	require.False(t, r.Authenticate(nil, "", now))

	keyed, _, err := r.Add(t.Context(), client.Registration{ID: "keyed", Metadata: func() client.Metadata {
		m := valid(client.Service)
		m.AuthMethod, m.JWKS = client.AuthPrivateKey, jwks(publicJWK(p256(), "1"))
		return m
	}()}, operator, now)
	require.NoError(t, err)
	require.False(t, r.Authenticate(keyed, "", now))
}

func TestSecretsAreStoredAsKeyedHashes(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	_, secret := added(t, r, valid(client.Web))
	row, err := s.Clients.ByID(t.Context(), "app")
	require.NoError(t, err)
	require.Equal(t, s.MAC("client secret", "app", secret), row.SecretMAC)

	// Copied to another client, the keyed hash accepts no secret.
	row.ID = "thief"
	require.NoError(t, s.Clients.Add(t.Context(), row))
	require.False(t, r.Authenticate(found(t, r, "thief"), secret, now))
}

func TestRotateSecret(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r := registryOn(s)
		_, first := added(t, r, valid(client.Web))
		at := now.Add(time.Minute)
		second, err := r.RotateSecret(t.Context(), "app", time.Hour, operator, at)
		require.NoError(t, err)
		require.Regexp(t, `^pst_cs_[A-Za-z0-9_-]{43}$`, second)
		require.NotEqual(t, first, second)
		require.Equal(t, "client.secret_rotated", lastEvent(t, s, at)["name"])

		c := found(t, r, "app")
		end := at.Add(time.Hour)
		require.True(t, c.OldSecretUntil.Equal(end))
		for _, use := range []struct {
			secret string
			at     time.Time
			want   bool
		}{
			{first, at, true}, {first, end.Add(-time.Microsecond), true}, {first, end, false}, {second, at, true}, {second, end, true},
		} {
			require.Equal(t, use.want, r.Authenticate(c, use.secret, use.at))
		}

		third, err := r.RotateSecret(t.Context(), "app", time.Hour, operator, at.Add(time.Second))
		require.NoError(t, err)
		c = found(t, r, "app")
		require.False(t, r.Authenticate(c, first, at.Add(time.Second)), "the secret before the previous one still works")
		require.True(t, r.Authenticate(c, second, at.Add(time.Second)))

		_, err = r.RotateSecret(t.Context(), "app", 0, operator, at.Add(2*time.Second))
		require.NoError(t, err)
		c = found(t, r, "app")
		require.False(t, r.Authenticate(c, third, at.Add(2*time.Second)), "without overlap the old secret still works")
		require.Zero(t, c.OldSecretUntil)

		_, err = r.RotateSecret(t.Context(), "nobody", 0, operator, at)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	r := registryOn(storagetest.Open(b))
	c, secret := added(b, r, valid(client.Web))
	for name, use := range map[string]struct {
		client *client.Client
		secret string
	}{"right": {c, secret}, "wrong": {c, "pst_cs_wrong"}, "unknown": {nil, secret}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.Authenticate(use.client, use.secret, now)
			}
		})
	}
}
