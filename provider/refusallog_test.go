package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// nobody adds no credentials to a request.
func nobody(*http.Request) {}

// lastLine returns the last line of the log.
func (w *world) lastLine() string {
	lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
	return lines[len(lines)-1]
}

// The log has one line for each refusal, with the client, the rule, the received value and the registered ones, and without secrets.
func TestLogOfRefusals(t *testing.T) {
	const leaked = "swordfish-swordfish-swordfish-swordfish"
	each(t, func(t *testing.T, w *world) {
		public, _ := w.register(client.SPA, func(m *client.Metadata) { m.Name, m.RedirectURIs = "Page", []string{"https://page.example.test/"} })
		disabled, secret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		require.NoError(t, w.clients.Disable(t.Context(), disabled.ID, audit.Operator(), noon))
		strict, strictSecret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs, m.AuthMethod = []string{callback}, client.AuthBasic })
		code := w.code(w.web)
		other := w.code(w.web)
		requireTokens(t, w.redeem(code))
		tokens := w.offline()
		revoke := func(auth func(*http.Request), pairs ...string) func() answer {
			return func() answer {
				return w.post("/oauth2/revoke", params(nil, append([]string{"token", leaked}, pairs...)...), auth)
			}
		}
		ask := func(c *client.Client, pairs ...string) func() answer {
			return func() answer { return w.authorize(w.request(c, pairs...)) }
		}
		for name, tc := range map[string]struct {
			do    func() answer
			rule  oauth.Rule
			level string
			whose *client.Client // nil: no client is known
			holds []string
		}{
			"wrong secret":    {revoke(func(r *http.Request) { r.SetBasicAuth(w.web.ID, leaked) }), oauth.ClientSecret, "WARN", w.web, []string{"The client secret is wrong."}},
			"wrong method":    {revoke(nobody, "client_id", strict.ID, "client_secret", strictSecret), oauth.ClientMethod, "WARN", strict, []string{"received=client_secret_post", "registered=client_secret_basic"}},
			"unknown client":  {revoke(nobody, "client_id", "nobody"), oauth.ClientUnknown, "WARN", nil, []string{"client=nobody", "There is no client with this client_id."}},
			"secret for id":   {revoke(nobody, "client_id", w.secret), oauth.ClientUnknown, "WARN", nil, []string{"client=…"}},
			"disabled client": {revoke(func(r *http.Request) { r.SetBasicAuth(disabled.ID, secret) }), oauth.ClientDisabled, "WARN", disabled, nil},
			"no client":       {revoke(nobody), oauth.CredentialsMissing, "WARN", nil, nil},
			"redirect URI": {ask(w.web, "redirect_uri", callback+"/?code="+leaked+"&state=x#"+leaked), oauth.RedirectURIUnregistered, "WARN", w.web, []string{
				`received="` + callback + `/?code=…&state=…#…"`, "registered=" + callback,
			}},
			"no redirect URI": {ask(w.web, "redirect_uri", ""), oauth.RedirectURIMissing, "WARN", w.web, []string{"registered=" + callback}},
			"unknown app":     {ask(&client.Client{ID: "nobody", Metadata: w.web.Metadata}), oauth.ClientUnknown, "WARN", nil, []string{"client=nobody"}},
			"response type":   {ask(w.web, "response_type", "id_token"), oauth.ResponseTypeUnregistered, "WARN", w.web, []string{"received=id_token", `registered="\"code\""`}},
			"response mode":   {ask(w.web, "response_mode", "pigeon"), oauth.ResponseMode, "WARN", w.web, []string{"received=pigeon", "form_post"}},
			"scope":           {ask(w.web, "scope", "no nope"), oauth.ScopeUnregistered, "WARN", w.web, []string{`received="no nope"`, "offline_access"}},
			"no PKCE":         {ask(public, "redirect_uri", "https://page.example.test/", "code_challenge", "", "code_challenge_method", ""), oauth.ChallengeMissing, "WARN", public, []string{"client_name=Page"}},
			"not signed in":   {ask(w.web, "prompt", "none", "max_age", "0"), oauth.NotSignedIn, "INFO", w.web, nil},
			"grant type": {func() answer {
				return w.post("/oauth2/token", url.Values{"grant_type": {"password"}, "password": {leaked}}, w.basic)
			},
				oauth.GrantTypeUnknown, "WARN", nil, []string{"received=password", "authorization_code"}},
			"unregistered grant type": {func() answer {
				return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, w.basic)
			},
				oauth.GrantTypeUnregistered, "WARN", w.web, []string{"received=client_credentials", "refresh_token"}},
			"unknown code":  {func() answer { return w.redeem("pst_ac_" + leaked) }, oauth.CodeUnknown, "WARN", w.web, nil},
			"used code":     {func() answer { return w.redeem(code) }, oauth.CodeUsed, "WARN", w.web, nil},
			"wrong address": {func() answer { return w.redeem(other, "redirect_uri", callback+"/elsewhere") }, oauth.CodeRedirectURI, "WARN", w.web, []string{"received=" + callback + "/elsewhere", "registered=" + callback}},
			"verifier":      {func() answer { return w.redeem(other, "code_verifier", leaked+leaked) }, oauth.CodeVerifier, "WARN", w.web, nil},
			"refresh token": {func() answer {
				return w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"pst_rt_" + leaked}}, w.basic)
			}, oauth.RefreshUnknown, "WARN", w.web, nil},
			"logout": {func() answer {
				return w.do(httptest.NewRequest(http.MethodGet, "/oauth2/logout?"+url.Values{"client_id": {w.web.ID}, "post_logout_redirect_uri": {"https://elsewhere.example/?token=" + leaked}}.Encode(), nil))
			}, oauth.LogoutURIUnregistered, "WARN", w.web, []string{`received="https://elsewhere.example/?token=…"`}},
		} {
			t.Run(name, func(t *testing.T) {
				before := w.log.String()
				tc.do()
				said := strings.TrimPrefix(w.log.String(), before)
				require.Equal(t, 1, strings.Count(said, "\n"), "one line a refusal:\n%s", said)
				require.Contains(t, said, "level="+tc.level)
				require.Contains(t, said, "rule="+string(tc.rule)+" ")
				if tc.whose != nil {
					require.Contains(t, said, "client="+tc.whose.ID)
					require.Contains(t, said, "client_name=")
				}
				for _, part := range tc.holds {
					require.Contains(t, said, part)
				}
			})
		}
		for _, secret := range []string{leaked, code, other, w.secret, secret, verifier, tokens["access_token"].(string), tokens["refresh_token"].(string)} {
			require.NotContains(t, w.log.String(), secret)
		}
	})
}

// The audit entry of refused credentials has the reason.
func TestAuditOfRefusedClients(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post("/oauth2/revoke", url.Values{"token": {"x"}}, func(r *http.Request) { r.SetBasicAuth(w.web.ID, "wrong") })
		w.post("/oauth2/revoke", url.Values{"token": {"x"}, "client_id": {w.web.ID}}, nobody)
		w.post("/oauth2/revoke", url.Values{"token": {"x"}, "client_id": {"nobody"}}, nobody)
		events, err := w.store.Events.List(t.Context(), storage.EventQuery{Names: []string{string(audit.ClientRefused)}, Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 3)
		for i, reason := range []string{"client_unknown", "client_method", "client_secret"} {
			require.Contains(t, events[i].Body, `"detail":{"reason":"`+reason+`"}`)
		}
	})
}
