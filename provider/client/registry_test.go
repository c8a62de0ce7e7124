package client_test

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

var (
	now      = storagetest.Now
	operator = audit.Administrator("ada", netip.MustParseAddr("192.0.2.7"))
)

func registryOn(s *storage.Store) *client.Registry {
	return client.New(client.Config{Store: s, Audit: audit.New(s)})
}

// added registers a client with the id "app" and returns it with its secret.
func added(t testing.TB, r *client.Registry, m client.Metadata) (*client.Client, string) {
	t.Helper()
	c, secret, err := r.Add(t.Context(), client.Registration{ID: "app", Metadata: m}, operator, now)
	require.NoError(t, err)
	return c, secret
}

func found(t testing.TB, r *client.Registry, id string) *client.Client {
	t.Helper()
	c, err := r.Client(t.Context(), id)
	require.NoError(t, err)
	return c
}

func TestClientsCostOneQuery(t *testing.T) {
	var counter storagetest.Counter
	s := storagetest.SQLite(t).Open(t, counter.Intercept)
	r := registryOn(s)
	added(t, r, valid(client.Web))

	for id, want := range map[string]error{"app": nil, "unknown": storage.ErrNotFound} {
		counter.Reset()
		for range 3 {
			_, err := r.Client(t.Context(), id)
			require.ErrorIs(t, err, want)
		}
		require.Equal(t, 1, counter.Count(), id)
	}
	counter.Reset()
	for _, id := range []string{"", "a b", "a\x00", "ä", "a/b", strings.Repeat("a", 129)} {
		_, err := r.Client(t.Context(), id)
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	require.Zero(t, counter.Count(), "an id that cannot be registered causes a query")
}

func TestManyUnknownIDsAreForgotten(t *testing.T) {
	var counter storagetest.Counter
	r := registryOn(storagetest.SQLite(t).Open(t, counter.Intercept))
	added(t, r, valid(client.Web))
	found(t, r, "app")
	for range 2500 {
		_, err := r.Client(t.Context(), storage.NewID())
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	counter.Reset()
	found(t, r, "app")
	require.Zero(t, counter.Count(), "unknown ids displace known clients")
}

func TestOutageIsNotAnUnknownClient(t *testing.T) {
	var faults storagetest.Faults
	r := registryOn(storagetest.SQLite(t).Open(t, faults.Intercept))
	added(t, r, valid(client.Web))

	faults.Fail(1, false, context.DeadlineExceeded)
	_, err := r.Client(t.Context(), "app")
	require.ErrorIs(t, err, storage.ErrUnavailable)
	faults.Fail(1, false, context.DeadlineExceeded)
	_, err = r.KnowsOrigin(t.Context(), "https://app.example")
	require.ErrorIs(t, err, storage.ErrUnavailable)
	found(t, r, "app")

	faults.Fail(1, false, context.DeadlineExceeded)
	found(t, r, "app")
	require.True(t, faults.Pending())
}

func TestRunFollowsOtherReplicas(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		ours, other := registryOn(open()), registryOn(open())
		added(t, ours, valid(client.Web))
		done := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- other.Run(ctx, 5*time.Millisecond) }()
		soon := func(condition func() bool) {
			t.Helper()
			require.Eventually(t, condition, 5*time.Second, 5*time.Millisecond)
		}

		require.False(t, found(t, other, "app").Disabled)
		require.NoError(t, ours.Disable(t.Context(), "app", operator, now))
		soon(func() bool { return found(t, other, "app").Disabled })

		_, err := other.Client(t.Context(), "later")
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, _, err = ours.Add(t.Context(), client.Registration{ID: "later", Metadata: valid(client.SPA)}, operator, now)
		require.NoError(t, err)
		soon(func() bool { _, err := other.Client(t.Context(), "later"); return err == nil })
		soon(func() bool {
			known, err := other.KnowsOrigin(t.Context(), "https://app.example")
			return err == nil && known
		})

		require.NoError(t, ours.Remove(t.Context(), "later", operator, now))
		soon(func() bool { _, err := other.Client(t.Context(), "later"); return err != nil })

		cancel()
		require.NoError(t, <-done)
	})
}

func TestChangesAndReadsAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		r := registryOn(open())
		added(t, r, valid(client.Web))
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 20 {
					c, err := r.Client(t.Context(), "app")
					if err != nil || c.Name == "" || r.Authenticate(c, "wrong", now) {
						t.Error("read something odd", err)
					}
				}
			})
		}
		for range 5 {
			require.NoError(t, r.Disable(t.Context(), "app", operator, now))
			require.True(t, found(t, r, "app").Disabled)
			require.NoError(t, r.Enable(t.Context(), "app", operator, now))
			require.False(t, found(t, r, "app").Disabled)
		}
		group.Wait()
	})
}

// A slow reader must not cache, after a change, what it read before.
func TestSlowReadersDoNotBringBackTheOldState(t *testing.T) {
	db := storagetest.SQLite(t)
	s := db.Open(t)
	added(t, registryOn(s), valid(client.Web))
	slow := client.New(client.Config{Store: db.Open(t, storagetest.Delay(200*time.Millisecond)), Audit: audit.New(s)})
	read := make(chan *client.Client)
	go func() {
		c, err := slow.Client(t.Context(), "app")
		if err != nil {
			t.Error(err)
		}
		read <- c
	}()
	time.Sleep(50 * time.Millisecond)
	require.NoError(t, registryOn(s).Disable(t.Context(), "app", operator, now))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, slow.Disable(ctx, "app", operator, now)) // any local change clears the memory, failed ones too
	<-read
	require.True(t, found(t, slow, "app").Disabled)
}

func TestOrigins(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		r := registryOn(open())
		for id, uris := range map[string][]string{
			"one": {"https://One.example:443/cb", "https://one.example/other", "http://localhost:3000/cb", "http://localhost:80/"},
			"two": {"https://two.example:8443/cb?x"},
			"off": {"https://off.example/cb"},
		} {
			m := valid(client.SPA)
			m.RedirectURIs = uris
			c, _, err := r.Add(t.Context(), client.Registration{ID: id, Metadata: m}, operator, now)
			require.NoError(t, err)
			if id == "one" {
				require.Equal(t, []string{"https://one.example", "http://localhost:3000", "http://localhost"}, c.Origins)
			}
		}
		m := valid(client.Web)
		m.RedirectURIs = []string{"https://web.example/cb"}
		web, _, err := r.Add(t.Context(), client.Registration{ID: "web", Metadata: m}, operator, now)
		require.NoError(t, err)
		require.Empty(t, web.Origins)
		require.NoError(t, r.Disable(t.Context(), "off", operator, now))

		for origin, want := range map[string]bool{
			"https://one.example": true, "http://localhost:3000": true, "http://localhost": true, "https://two.example:8443": true,
			"https://two.example": false, "https://off.example": false, "https://web.example": false, "null": false, "": false,
			"https://one.example.evil.example": false, "https://One.example": false, "https://one.example/": false, "http://one.example": false,
		} {
			known, err := r.KnowsOrigin(t.Context(), origin)
			require.NoError(t, err)
			require.Equal(t, want, known, origin)
		}
		require.NoError(t, r.Enable(t.Context(), "off", operator, now))
		known, err := r.KnowsOrigin(t.Context(), "https://off.example")
		require.NoError(t, err)
		require.True(t, known)
	})
}

func TestAClientThatCannotBeReadIsNotUsed(t *testing.T) {
	for name, metadata := range map[string]string{
		"not JSON":       `{`,
		"wrong types":    `{"redirect_uris":"https://app.example/cb"}`,
		"a weak key set": `{"jwks":{"keys":[{"kty":"oct","k":"AA"}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := storagetest.Open(t)
			r := registryOn(s)
			added(t, r, valid(client.SPA))
			row, err := s.Clients.ByID(t.Context(), "app")
			require.NoError(t, err)
			row.ID, row.Metadata = "broken", []byte(metadata)
			require.NoError(t, s.Clients.Add(t.Context(), row))

			_, err = r.Client(t.Context(), "broken")
			require.ErrorContains(t, err, "client broken")
			require.NotErrorIs(t, err, storage.ErrNotFound)
			known, err := r.KnowsOrigin(t.Context(), "https://app.example")
			require.NoError(t, err)
			require.True(t, known)
			require.NoError(t, r.Disable(t.Context(), "broken", operator, now))
			require.NoError(t, r.Remove(t.Context(), "broken", operator, now))
		})
	}
}

func TestAForcedRowKeepsTheFixedRules(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	c, _ := added(t, r, valid(client.SPA))
	row, err := s.Clients.ByID(t.Context(), "app")
	require.NoError(t, err)
	row.Metadata = []byte(strings.Replace(string(row.Metadata), `"require_pkce":true`, `"require_pkce":false`, 1))
	row.SecretMAC = s.MAC("client secret", "app", "guess")
	require.NoError(t, s.Clients.Update(t.Context(), row, now))

	forced := found(t, registryOn(s), "app")
	require.Greater(t, forced.Version, c.Version)
	require.True(t, forced.PKCERequired, "a public client does without PKCE")
	require.False(t, r.Authenticate(forced, "guess", now), "a public client authenticates with a secret")
}

func TestList(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		r := registryOn(open())
		for i, id := range []string{"c", "a", "b"} {
			_, _, err := r.Add(t.Context(), client.Registration{ID: id, Metadata: valid(client.Web)}, operator, now.Add(time.Duration(i)*time.Second))
			require.NoError(t, err)
		}
		first, err := r.List(t.Context(), "", 2)
		require.NoError(t, err)
		rest, err := r.List(t.Context(), first[1].ID, 2)
		require.NoError(t, err)
		require.Equal(t, []string{"c", "a", "b"}, []string{first[0].ID, first[1].ID, rest[0].ID})
		require.Len(t, rest, 1)
		require.Equal(t, first[0], found(t, r, "c"))
	})
}
