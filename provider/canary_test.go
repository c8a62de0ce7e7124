package provider

import (
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
	"github.com/postern-id/postern/storage/storagetest"
)

// canary stays silent through the whole run.
var canary *fetchtest.Canary

func TestMain(m *testing.M) {
	var err error
	if canary, err = fetchtest.NewCanary(); err != nil {
		log.Fatal(err)
	}
	os.Exit(canary.Main(m.Run))
}

// closed is a world whose settings allow no special address, and where anybody may register an app.
func closed(t *testing.T, test func(*testing.T, *world)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		test(t, newWorld(t, db.Open(t), func(cfg *Config) { cfg.Registration, cfg.Fetch = RegistrationOpen, fetch.New(fetch.Config{}) }))
	})
}

// Whatever address an app registers, and whoever registers it, no request reaches this machine.
func TestRegisteredAddressesDoNotReachTheCanary(t *testing.T) {
	closed(t, func(t *testing.T, w *world) {
		key := clientKeys()["ES256"]
		tried := 0
		for _, uri := range canary.URLs("/canary") {
			edits := map[string]func(*client.Metadata){
				"jwks_uri":     func(m *client.Metadata) { m.AuthMethod, m.JWKSURI = client.AuthPrivateKey, uri },
				"request_uris": func(m *client.Metadata) { m.RequestObjectAlg, m.RequestURIs = "ES256", []string{uri} },
			}
			for member, edit := range edits {
				m := client.Defaults(client.Web)
				m.Name, m.RedirectURIs, m.Consent = "App", []string{callback}, client.ConsentSkip
				edit(&m)
				c, _, err := w.clients.Add(t.Context(), client.Registration{Metadata: m}, operator, time.Now())
				if err != nil {
					require.NotEmpty(t, client.Faults(err), "%s %s: %v", member, uri, err)
					continue
				}
				tried++
				if member == "jwks_uri" {
					require.False(t, passes(t, w.assert("/oauth2/revoke", signAssertion(t, "ES256", key, "", claimsOf(c.ID, time.Now())))), uri)
					continue
				}
				requireRefusal(t, w.authorize(w.request(c, "request_uri", uri)), callback, invalidRequestURI)
			}
			require.Zero(t, canary.Sung(), uri)
		}
		require.Greater(t, tried, 20, "what cannot be registered cannot be fetched")
	})
}

// Apps that register themselves: the list of a sector is fetched at once, and logos and the like never.
func TestRegistrationDoesNotReachTheCanary(t *testing.T) {
	closed(t, func(t *testing.T, w *world) {
		register := func(pairs ...any) answer {
			r := httptest.NewRequest(http.MethodPost, registerPath, strings.NewReader(registration(t, pairs...)))
			r.Header.Set("Content-Type", "application/json")
			fromElsewhere()(r)
			return w.do(r)
		}
		for _, uri := range canary.URLs("/canary") {
			requireError(t, register("subject_type", "pairwise", "sector_identifier_uri", uri), http.StatusBadRequest, "invalid_client_metadata")
			for _, member := range []string{"logo_uri", "policy_uri", "tos_uri", "client_uri", "initiate_login_uri", "jwks_uri", "backchannel_logout_uri"} {
				a := register(member, uri)
				require.Contains(t, []int{http.StatusCreated, http.StatusBadRequest}, a.Code, a.Body.String())
			}
			require.Zero(t, canary.Sung(), uri)
		}
	})
}

// Notices of logout are sent to where everybody can be.
func TestLogoutDoesNotReachTheCanary(t *testing.T) {
	closed(t, func(t *testing.T, w *world) {
		told := 0
		for _, uri := range canary.URLs("/canary") {
			m := client.Defaults(client.Web)
			m.Name, m.RedirectURIs, m.Consent, m.BackchannelLogoutURI = "App", []string{callback}, client.ConsentSkip, uri
			c, _, err := w.clients.Add(t.Context(), client.Registration{Metadata: m}, operator, time.Now())
			if err != nil {
				require.NotEmpty(t, client.Faults(err), uri)
				continue
			}
			require.NotEmpty(t, w.code(c))
			told++
		}
		require.Greater(t, told, 10)
		sid := w.sid()
		require.NoError(t, w.browser.End(t.Context(), nil, httptest.NewRequest(http.MethodPost, "/oauth2/logout", nil)))
		w.tell(time.Now())
		visits, err := w.store.Visits(t.Context(), sid)
		require.NoError(t, err)
		require.Len(t, visits, told)
		for _, visit := range visits {
			require.Positive(t, visit.Attempts)
		}
		require.Zero(t, canary.Sung())
	})
}
