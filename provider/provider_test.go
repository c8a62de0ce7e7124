package provider

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/authorize"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
	"github.com/postern-id/postern/templates"
)

func TestNewRequiresEveryField(t *testing.T) {
	whole := newWorld(t, storagetest.Open(t)).cfg
	_, err := New(whole)
	require.NoError(t, err)
	for name, take := range map[string]func(*Config){
		"issuer": func(c *Config) { c.Issuer = "" }, "sign-in page": func(c *Config) { c.SignInURL = "" }, "consent page": func(c *Config) { c.ConsentURL = "" },
		"store": func(c *Config) { c.Store = nil }, "audit": func(c *Config) { c.Audit = nil }, "keys": func(c *Config) { c.Keys = nil },
		"clients": func(c *Config) { c.Clients = nil }, "sign-ins": func(c *Config) { c.SignIns = nil }, "pages": func(c *Config) { c.Pages = nil },
		"log":       func(c *Config) { c.Log = nil },
		"flow life": func(c *Config) { c.FlowLife = 0 }, "code life": func(c *Config) { c.CodeLife = -time.Second },
		"access token life": func(c *Config) { c.AccessTokenLife = 0 }, "ID token life": func(c *Config) { c.IDTokenLife = 0 },
		"idle time": func(c *Config) { c.RefreshIdle = 0 }, "absolute time": func(c *Config) { c.RefreshAbsolute = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := whole
			take(&cfg)
			_, err := New(cfg)
			require.Error(t, err)
		})
	}
}

// A request that the client has given up gets status 499; one that took too long is answered like an outage.
func TestRequestsThatEndEarly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		access := w.offline()["access_token"].(string)
		gone, leave := context.WithCancel(t.Context())
		leave()
		late, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		for ctx, status := range map[context.Context]int{gone: 499, late: http.StatusServiceUnavailable} {
			for _, path := range []string{"/userinfo", "/oauth2/auth?" + w.request(w.web).Encode()} {
				r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
				r.Header.Set("Authorization", "Bearer "+access)
				a := w.do(r)
				require.Equal(t, status, a.Code, a.Body.String())
				require.Nil(t, a.location)
			}
		}
	})
}

// Events that matter for security are in the audit log, with the shortened address of the request.
func TestAuditOfTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		from := func(r *http.Request) {
			w.basic(r)
			r.RemoteAddr = "203.0.113.77:1"
		}
		code := w.code(w.web)
		requireTokens(t, w.redeem(code))
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		requireInvalidGrant(t, w.post("/oauth2/token", form, from))
		tokens := w.offline()
		require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", url.Values{"token": {tokens["refresh_token"].(string)}}, from).Code)
		events, err := w.store.Events.List(t.Context(), storage.EventQuery{Limit: 100})
		require.NoError(t, err)
		seen := map[audit.Name]string{}
		for _, e := range events {
			seen[audit.Name(e.Name)] = e.Body
			for _, secret := range []string{code, w.secret, tokens["refresh_token"].(string)} {
				require.NotContains(t, e.Body, secret)
			}
		}
		for _, name := range []audit.Name{audit.AuthorizationCodeReused, audit.TokenRevoked} {
			require.Contains(t, seen[name], `"address":"203.0.113.0/24"`)
			require.Contains(t, seen[name], w.web.ID)
			require.Contains(t, seen[name], w.user.ID)
		}
		require.Contains(t, seen[audit.AuthorizationIssued], `"address":"192.0.2.0/24"`)
	})
}

func TestDescribe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.register(client.Native, func(m *client.Metadata) {
			m.RedirectURIs, m.Name, m.LogoURI = []string{"com.example.app:/cb"}, "Harbour Notes", "https://app.example.test/logo.png"
			m.ClientURI, m.PolicyURI, m.TOSURI = "https://app.example.test/", "https://app.example.test/policy", "https://app.example.test/terms"
			m.InitiateLoginURI = "https://app.example.test/login?tenant=a"
		})
		_, id := w.begin(w.request(c, "scope", "openid email openid", "login_hint", "ada@example.test", "ui_locales", "de en"))
		flow, err := w.store.Flows.ByID(t.Context(), id, w.browser.Browser(nil, nil), time.Now())
		require.NoError(t, err)
		view, err := w.provider.Describe(t.Context(), flow)
		require.NoError(t, err)
		require.NotNil(t, view.Answers)
		view.Answers = nil // functions cannot be compared
		require.Equal(t, authorize.RequestView{
			ClientID: c.ID, App: templates.App{
				Name: "Harbour Notes", Logo: "https://app.example.test/logo.png", PolicyURL: "https://app.example.test/policy",
				TermsURL: "https://app.example.test/terms", BackURL: "https://app.example.test/",
				StartURL: "https://app.example.test/login?tenant=a&iss=" + url.QueryEscape(issuer),
			},
			RedirectURI: "com.example.app:/cb",
			Asked:       storage.Access{Scopes: []string{"openid", "email"}}, LoginHint: "ada@example.test", Locales: "de en", Native: true,
		}, view)

		for _, left := range []storage.Access{{Scopes: []string{"openid"}}, {}} {
			w.change(c, func(m *client.Metadata) { m.Scopes = []string(left.Scopes) })
			view, err = w.provider.Describe(t.Context(), flow)
			require.NoError(t, err)
			require.Equal(t, left, view.Asked, "the access that the client may still ask for")
		}
		require.NoError(t, w.clients.Remove(t.Context(), c.ID, operator, time.Now()))
		_, err = w.provider.Describe(t.Context(), flow)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
