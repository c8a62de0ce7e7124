package client_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestAdd(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r := registryOn(s)
		c, secret, err := r.Add(t.Context(), client.Registration{Metadata: valid(client.Web)}, operator, now)
		require.NoError(t, err)
		require.Regexp(t, `^pst_cs_[A-Za-z0-9_-]{43}$`, secret)
		require.Len(t, c.ID, 26)
		require.Equal(t, int64(1), c.Version)
		require.Equal(t, c, found(t, r, c.ID))
		require.True(t, r.Authenticate(c, secret, now))

		event := lastEvent(t, s, now)
		require.Equal(t, "client.added", event["name"])
		require.Equal(t, c.ID, event["client_id"])
		require.Equal(t, []any{"operator", "ada", "192.0.2.0/24"}, []any{event["actor"], event["user_id"], event["address"]})
		require.Equal(t, map[string]any{"client_type": "web"}, event["detail"])

		_, _, err = r.Add(t.Context(), client.Registration{ID: c.ID, Metadata: valid(client.Web)}, operator, now)
		require.ErrorIs(t, err, storage.ErrConflict)
		require.Equal(t, 1, countEvents(t, s))
	})
}

func TestAddChecks(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	chosen := strings.Repeat("s", 32)
	for name, c := range map[string]struct {
		reg    client.Registration
		fields []string
	}{
		"id with a colon":                  {client.Registration{ID: "a:b", Metadata: valid(client.Web)}, []string{"client_id"}},
		"id too long":                      {client.Registration{ID: strings.Repeat("a", 129), Metadata: valid(client.Web)}, []string{"client_id"}},
		"short secret":                     {client.Registration{Secret: chosen[1:], Metadata: valid(client.Web)}, []string{"client_secret"}},
		"secret with a blank":              {client.Registration{Secret: chosen + " ", Metadata: valid(client.Web)}, []string{"client_secret"}},
		"secret too long":                  {client.Registration{Secret: strings.Repeat("s", 513), Metadata: valid(client.Web)}, []string{"client_secret"}},
		"secret of a public client":        {client.Registration{Secret: chosen, Metadata: valid(client.SPA)}, []string{"client_secret"}},
		"several faults, also of metadata": {client.Registration{ID: " ", Secret: "x", Metadata: client.Metadata{}}, []string{"client_id", "client_secret", "client_type"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, secret, err := r.Add(t.Context(), c.reg, operator, now)
			require.Empty(t, secret)
			var fields []string
			for _, fault := range client.Faults(err) {
				fields = append(fields, fault.Field)
				require.NotContains(t, fault.Error(), chosen[1:])
			}
			require.Equal(t, c.fields, fields)
		})
	}
	require.Zero(t, countEvents(t, s))
}

func TestAClientWrittenBackIsTheSame(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r := registryOn(s)
		m := client.Metadata{
			UserInfoAlg: "ES256", RequestObjectAlg: "none", RequestURIs: []string{"https://app.example/r#x"}, PARRequired: true,
			DPoPRequired: true, SubjectType: client.SubjectPairwise, SectorIdentifierURI: "https://app.example/sector", DefaultMaxAge: new(int64),
			DefaultACRValues: []string{"urn:postern:acr:mfa"}, RequireAuthTime: true,
			FrontchannelLogoutURI: "https://app.example:443/bye?a=b", FrontchannelLogoutSession: true, BackchannelLogoutSession: true,
			SoftwareID: "s", SoftwareVersion: "1",
			Name: "Wiki", Type: client.Web, RedirectURIs: []string{"https://app.example/cb", "http://localhost:3000/cb"},
			PostLogoutRedirectURIs: []string{"https://app.example/bye"}, GrantTypes: []string{client.GrantCode, client.GrantClient},
			ResponseTypes: []string{"code"}, Scopes: client.Scopes{"openid", "api:read"}, AuthMethod: client.AuthPrivateKey,
			AuthSigningAlg: "ES256", JWKS: jwks(publicJWK(p256(), "1")), IDTokenAlg: "EdDSA", PKCERequired: false, Consent: client.ConsentSkip,
			AccessTokenFormat: client.TokenJWT, Audience: []string{"https://api.example"}, Claims: []string{"team"}, ClientURI: "https://app.example/",
			LogoURI: "https://app.example/logo.png", PolicyURI: "https://app.example/privacy", TOSURI: "https://app.example/terms",
			Contacts: []string{"ada@example.test"}, InitiateLoginURI: "https://app.example/login",
		}
		c, _ := added(t, r, m)
		before, err := s.Clients.ByID(t.Context(), "app")
		require.NoError(t, err)
		require.Equal(t, m, c.Metadata)

		// Written back unchanged: nothing is stored.
		same, secret, err := r.Update(t.Context(), "app", c.Version, c.Metadata, operator, now.Add(time.Hour))
		require.NoError(t, err)
		require.Empty(t, secret)
		require.Equal(t, c, same)
		after, err := s.Clients.ByID(t.Context(), "app")
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.Equal(t, 1, countEvents(t, s))

		// Written as JSON and read again, with one field changed: every other field is kept.
		text, err := json.Marshal(found(t, r, "app").Metadata)
		require.NoError(t, err)
		var edited client.Metadata
		require.NoError(t, json.Unmarshal(text, &edited))
		edited.Name = "Wiki 2"
		changed, _, err := r.Update(t.Context(), "app", c.Version, edited, operator, now.Add(time.Hour))
		require.NoError(t, err)
		m.Name = "Wiki 2"
		require.Equal(t, m, changed.Metadata)
		require.Equal(t, changed, found(t, r, "app"))
		require.Equal(t, m, found(t, registryOn(open()), "app").Metadata)
		require.Equal(t, "changed", lastEvent(t, s, now.Add(time.Hour))["detail"].(map[string]any)["client_name"])
		row, err := s.Clients.ByID(t.Context(), "app")
		require.NoError(t, err)
		require.Equal(t, "Wiki 2", row.Name)
	})
}

func TestUpdateKeepsSecretAndState(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	c, first := added(t, r, valid(client.Web))
	second, err := r.RotateSecret(t.Context(), "app", time.Hour, operator, now)
	require.NoError(t, err)
	require.NoError(t, r.Disable(t.Context(), "app", operator, now))
	before, err := s.Clients.ByID(t.Context(), "app")
	require.NoError(t, err)

	m := c.Metadata
	m.Scopes = client.Scopes{"openid"}
	_, _, err = r.Update(t.Context(), "app", before.Version, m, operator, now.Add(time.Minute))
	require.NoError(t, err)
	after, err := s.Clients.ByID(t.Context(), "app")
	require.NoError(t, err)
	require.True(t, found(t, r, "app").Disabled)
	require.NoError(t, r.Enable(t.Context(), "app", operator, now))
	for _, secret := range []string{first, second} {
		require.True(t, r.Authenticate(found(t, r, "app"), secret, now))
	}
	after.Metadata, after.Version, after.UpdatedAt = before.Metadata, before.Version, before.UpdatedAt
	require.Equal(t, before, after)
}

func TestUpdateIsACompareAndSet(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		c, _ := added(t, registryOn(s), valid(client.Web))
		const admins = 4
		faults := make([]error, admins)
		var group sync.WaitGroup
		for i := range admins {
			r := registryOn(open())
			group.Go(func() {
				m := c.Metadata
				m.Name = strings.Repeat("n", i+1)
				_, _, faults[i] = r.Update(t.Context(), "app", c.Version, m, operator, now.Add(time.Hour))
			})
		}
		group.Wait()
		won := slices.Index(faults, nil)
		require.GreaterOrEqual(t, won, 0)
		for i, err := range faults {
			if i != won {
				require.ErrorIs(t, err, storage.ErrStale)
			}
		}
		require.Equal(t, strings.Repeat("n", won+1), found(t, registryOn(s), "app").Name)
		require.Equal(t, 2, countEvents(t, s))
	})
}

func TestUpdateErrors(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	c, _ := added(t, r, valid(client.Web))
	_, _, err := r.Update(t.Context(), "nobody", 1, c.Metadata, operator, now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, _, err = r.Update(t.Context(), "app", c.Version+1, c.Metadata, operator, now)
	require.ErrorIs(t, err, storage.ErrStale)
	m := c.Metadata
	m.IDTokenAlg = "HS256"
	_, _, err = r.Update(t.Context(), "app", c.Version, m, operator, now)
	require.Len(t, client.Faults(err), 1)
	require.Equal(t, c, found(t, r, "app"))
}

func TestChangeOfTheAuthenticationMethod(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	c, old := added(t, r, valid(client.Web))
	update := func(method string) (*client.Client, string) {
		m := c.Metadata
		m.AuthMethod, m.PKCERequired = method, method == client.AuthNone
		updated, secret, err := r.Update(t.Context(), "app", found(t, r, "app").Version, m, operator, now)
		require.NoError(t, err)
		return updated, secret
	}
	posting, secret := update(client.AuthPost)
	require.Empty(t, secret, "another method with a secret needs no new secret")
	require.True(t, r.Authenticate(posting, old, now))

	public, secret := update(client.AuthNone)
	require.Empty(t, secret)
	require.False(t, r.Authenticate(public, old, now))
	row, err := s.Clients.ByID(t.Context(), "app")
	require.NoError(t, err)
	require.Nil(t, row.SecretMAC)
	_, err = r.RotateSecret(t.Context(), "app", 0, operator, now)
	require.ErrorIs(t, err, client.ErrNoSecret)

	again, secret := update(client.AuthBasic)
	require.True(t, strings.HasPrefix(secret, "pst_cs_"))
	require.True(t, r.Authenticate(again, secret, now))
	require.False(t, r.Authenticate(again, old, now))
}

func TestDisableEnableRemove(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		r := registryOn(s)
		_, secret := added(t, r, valid(client.Web))

		at := now.Add(time.Minute)
		require.NoError(t, r.Disable(t.Context(), "app", operator, at))
		require.Equal(t, "client.disabled", lastEvent(t, s, at)["name"])
		require.False(t, r.Authenticate(found(t, r, "app"), secret, at))
		require.NoError(t, r.Disable(t.Context(), "app", operator, at.Add(time.Second)))
		require.Equal(t, 2, countEvents(t, s), "disabling it twice was recorded twice")

		at = now.Add(2 * time.Minute)
		require.NoError(t, r.Enable(t.Context(), "app", operator, at))
		require.Equal(t, "client.enabled", lastEvent(t, s, at)["name"])
		require.True(t, r.Authenticate(found(t, r, "app"), secret, at))
		require.NoError(t, r.Enable(t.Context(), "app", operator, at.Add(time.Second)))
		require.Equal(t, 3, countEvents(t, s))

		at = now.Add(3 * time.Minute)
		require.NoError(t, r.Remove(t.Context(), "app", operator, at))
		require.Equal(t, "client.removed", lastEvent(t, s, at)["name"])
		_, err := r.Client(t.Context(), "app")
		require.ErrorIs(t, err, storage.ErrNotFound)
		for _, missing := range []error{
			r.Remove(t.Context(), "app", operator, at), r.Disable(t.Context(), "app", operator, at), r.Enable(t.Context(), "app", operator, at),
		} {
			require.ErrorIs(t, missing, storage.ErrNotFound)
		}

		// The id may be used again; the secret of the removed client does not work.
		again, _ := added(t, r, valid(client.Web))
		require.False(t, r.Authenticate(again, secret, at))
	})
}

func TestConcurrentOperationsAllHappen(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		added(t, registryOn(s), valid(client.Web))
		var group sync.WaitGroup
		var disabled error
		secrets, faults := make([]string, 2), make([]error, 2)
		for i := range secrets {
			r := registryOn(open())
			group.Go(func() {
				secrets[i], faults[i] = r.RotateSecret(t.Context(), "app", time.Hour, operator, now.Add(time.Second))
			})
		}
		group.Go(func() { disabled = registryOn(s).Disable(t.Context(), "app", operator, now.Add(time.Second)) })
		group.Wait()
		require.NoError(t, disabled)
		require.NoError(t, faults[0])
		require.NoError(t, faults[1])
		r := registryOn(s)
		require.True(t, found(t, r, "app").Disabled)
		require.NoError(t, r.Enable(t.Context(), "app", operator, now.Add(2*time.Second)))
		for _, secret := range secrets {
			require.True(t, r.Authenticate(found(t, r, "app"), secret, now.Add(2*time.Second)))
		}
	})
}
