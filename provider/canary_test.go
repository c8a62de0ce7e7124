package provider

import (
	"cmp"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/fetch/fetchtest"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage/storagetest"
)

// canary must not be reached in the whole run.
var canary *fetchtest.Canary

func TestMain(m *testing.M) {
	var err error
	if canary, err = fetchtest.NewCanary(); err != nil {
		log.Fatal(err)
	}
	os.Exit(canary.Main(func() int { return cmp.Or(m.Run(), everyRuleWasReached()) }))
}

// Whatever URL an app or an operator registers, no request reaches this machine, because the configuration allows no special address.
func TestNothingReachesTheCanary(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t), func(cfg *Config) { cfg.Registration, cfg.Fetch = registration.Open, fetch.New(fetch.Config{}) })
		visited := 0
		for _, uri := range canary.URLs("/canary") {
			w.registersAtTheCanary(uri)
			if c := w.addsAtTheCanary(uri, func(m *client.Metadata) { m.AuthMethod, m.JWKSURI = client.AuthPrivateKey, uri }); c != nil {
				require.False(t, passes(t, w.assert("/oauth2/revoke", jwttest.Sign(t, "ES256", jwttest.Keys()["ES256"], "", claimsOf(c.ID, time.Now())))), uri)
			}
			if c := w.addsAtTheCanary(uri, func(m *client.Metadata) { m.RequestObjectAlg, m.RequestURIs = "ES256", []string{uri} }); c != nil {
				requireRefusal(t, w.authorize(w.request(c, "request_uri", uri)), callback, invalidRequestURI)
			}
			if c := w.addsAtTheCanary(uri, func(m *client.Metadata) { m.BackchannelLogoutURI = uri }); c != nil {
				require.NotEmpty(t, w.code(c))
				visited++
			}
			require.Zero(t, canary.Sung(), uri)
		}
		require.Greater(t, visited, 10, "too few of the URLs could be registered")
		sid := w.sid()
		_, err := w.browser.End(t.Context(), nil, httptest.NewRequest(http.MethodPost, "/oauth2/logout", nil))
		require.NoError(t, err)
		w.sendNotices(time.Now())
		sessions, err := w.store.ClientSessions.OfSession(t.Context(), sid)
		require.NoError(t, err)
		require.Len(t, sessions, visited)
		for _, session := range sessions {
			require.Positive(t, session.Attempts)
		}
		require.Zero(t, canary.Sung())
	})
}

// registersAtTheCanary registers an app with its URLs at the canary. A sector list is fetched at once, which fails; URLs of pages and logos are never
// fetched.
func (w *world) registersAtTheCanary(uri string) {
	w.t.Helper()
	register := func(pairs ...any) answer {
		r := httptest.NewRequest(http.MethodPost, oauth.RegisterPath, strings.NewReader(registrationText(w.t, pairs...)))
		r.Header.Set("Content-Type", "application/json")
		fromElsewhere()(r)
		return w.do(r)
	}
	requireError(w.t, register("subject_type", "pairwise", "sector_identifier_uri", uri), http.StatusBadRequest, "invalid_client_metadata")
	for _, member := range []string{"logo_uri", "policy_uri", "tos_uri", "client_uri", "initiate_login_uri"} {
		require.Equal(w.t, http.StatusBadRequest, register(member, uri).Code, "%s %s", member, uri)
	}
}

// addsAtTheCanary registers an app with its URLs at the canary as an operator would; it returns nil if that is refused.
func (w *world) addsAtTheCanary(uri string, edit func(*client.Metadata)) *client.Client {
	w.t.Helper()
	m := client.Defaults(client.Web)
	m.Name, m.RedirectURIs, m.Consent = "App", []string{callback}, client.ConsentSkip
	edit(&m)
	c, _, err := w.clients.Add(w.t.Context(), client.Registration{Metadata: m}, operator, time.Now())
	if err != nil {
		require.NotEmpty(w.t, client.Faults(err), "%s: %v", uri, err)
		return nil
	}
	return c
}
