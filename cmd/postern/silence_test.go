package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestRequestsEnd sends every kind of request to a provider whose database does not answer: it is frozen, has vanished, is cut off, or
// accepts connections but answers no statement. Each request ends within its limit, with 503, and soon after the database is back
// everything works.
func TestRequestsEnd(t *testing.T) {
	for name, weather := range map[string]storagetest.Weather{
		"frozen": storagetest.Frozen, "black hole": storagetest.BlackHole, "cut": storagetest.Cut, "mute": storagetest.Mute,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storagetest.Postgres(t)
			db.Open(t) // migrates
			proxy := storagetest.NewProxy(t, db)
			a := newTestApp(t, db.Through(t, proxy), "http://localhost:4280")
			id, secret := addClient(t, a, client.Web, failoverCallback, func(m *client.Metadata) { m.Consent = client.ConsentSkip })
			app := &relyingApp{
				issuer: a.cfg.Issuer, id: id, secret: secret, patience: time.Minute, transport: browsertest.InProcess{"localhost:4280": a.public},
			}
			v := addVisitor(t, a, app, "person")
			taken, err := v.signIn(browsertest.Code(t, v.uri, time.Now()))
			require.NoError(t, err)
			require.True(t, taken)
			page, err := v.begin()
			require.NoError(t, err)

			proxy.Set(weather)
			var all sync.WaitGroup
			for what, request := range map[string]func() error{
				"authorize": func() error {
					_, _, err := v.send(http.MethodGet, v.authorizeURL("none"), nil, http.StatusSeeOther)
					return err
				},
				"code page": func() error {
					_, _, err := v.send(http.MethodGet, page, nil, http.StatusOK)
					return err
				},
				"password": func() error {
					_, _, err := v.send(http.MethodPost, strings.Replace(page, "/login/code", "/login", 1), url.Values{"username": {"person"}, "password": {"wrong"}})
					return err
				},
				"code": func() error {
					_, _, err := v.send(http.MethodPost, page, url.Values{"code": {"000000"}})
					return err
				},
				"account": func() error {
					_, _, err := v.send(http.MethodGet, a.cfg.Issuer+"/account", nil, http.StatusOK)
					return err
				},
				"redemption": func() error { _, err := v.redeemCode(v.codes[0]); return err },
				"refresh":    func() error { _, err := v.refreshed(); return err },
				"revocation": func() error { return v.revoke(v.access) },
				"introspection": func() error {
					_, err := v.active(v.access)
					return err
				},
				"readiness": func() error {
					_, _, err := v.send(http.MethodGet, a.cfg.Issuer+"/readyz", nil, http.StatusOK)
					return err
				},
			} {
				all.Go(func() {
					start := time.Now()
					out := (*outage)(nil)
					if err := request(); !errors.As(err, &out) {
						t.Errorf("%s: %v", what, err)
					}
					if took := time.Since(start); took > requestLimit+time.Second {
						t.Errorf("%s takes %v", what, took)
					}
				})
			}
			all.Wait()
			proxy.Set(storagetest.Clear)
			require.Eventually(t, func() bool {
				status, err := v.refreshed()
				return err == nil && status == http.StatusOK
			}, 5*time.Second, 50*time.Millisecond)
		})
	}
}
