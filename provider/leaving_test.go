package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
)

// Strangers who register a client must not get links to this server that redirect to a page of theirs (RFC 9700 section 4.11.2).
func TestStrangersGetNoOpenRedirect(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		made := w.registers("grant_types", []string{"authorization_code", "implicit"}, "response_types", []string{"code", "id_token token"},
			"client_name", "Your Bank", "redirect_uris", []string{callback + "?kept=1"}, "post_logout_redirect_uris", []string{callback + "/bye"})
		stranger, err := w.clients.Client(t.Context(), made["client_id"].(string))
		require.NoError(t, err)
		session := w.browser.session
		errors := map[string]url.Values{
			"scope":         w.request(stranger, "scope", "nope"),
			"not signed in": w.request(stranger, "prompt", "none"),
			"fragment":      w.request(stranger, "response_mode", oauth.ModeFragment, "scope", "nope"),
			"implicit":      w.request(stranger, "response_type", "id_token token", "nonce", ""),
			"form":          w.request(stranger, "response_mode", oauth.ModeFormPost, "scope", "nope"),
			"object":        w.request(stranger, "request", "x.y.z"),
			"unknown type":  w.request(stranger, "response_type", "x"),
		}
		for name, form := range errors {
			w.browser.session = nil
			for _, a := range []answer{w.authorize(form), w.post("/oauth2/auth", form, anonymous)} {
				requirePage(t, a, http.StatusOK, "app.example.test")
				require.Contains(t, a.Body.String(), "Your Bank", name)
				for _, automatic := range []string{"data-submit", "data-proceed", "http-equiv"} {
					require.NotContains(t, a.Body.String(), automatic, name)
				}
				require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
			}
			w.browser.session = session
			requirePage(t, w.authorize(params(form, "prompt", "none")), http.StatusOK, "app.example.test")
		}
		w.browser.session = nil
		body := w.authorize(errors["scope"]).Body.String()
		require.Contains(t, body, `href="`+callback+`?kept=1&amp;error=invalid_scope`)
		require.Contains(t, body, "state=the&#43;state")
		body = w.authorize(errors["fragment"]).Body.String()
		require.Contains(t, body, `href="`+callback+`?kept=1#error=invalid_scope`)
		form := w.authorize(errors["form"])
		require.Contains(t, form.Body.String(), `<input type="hidden" name="error" value="invalid_scope">`)

		// A person who has seen one of our pages is redirected, because it was the person's own decision.
		_, id := w.begin(w.request(stranger))
		require.NoError(t, w.store.Flows.Deny(t.Context(), id, time.Now()))
		requireRefusal(t, w.authorize(url.Values{"flow": {id}}), callback, accessDenied)

		// Signing out does not redirect either, unless the person was signed in.
		w.browser.session = session
		w.adopt(made)
		hint := w.redeem(w.code(w.web), "redirect_uri", w.web.RedirectURIs[0]).body["id_token"].(string)
		bye := "/oauth2/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {callback + "/bye"}, "state": {"s"}}.Encode()
		w.browser.session = nil
		requirePage(t, w.get(bye), http.StatusOK, "app.example.test")
		w.browser.session = session
		require.Equal(t, callback+"/bye?state=s", w.get(bye).location.String())
	})
}

func TestOperatorsVouchForClients(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		w.browser.session = nil
		leads := func(made map[string]any) answer {
			c, err := w.clients.Client(t.Context(), made["client_id"].(string))
			require.NoError(t, err)
			return w.authorize(w.request(c, "prompt", "none"))
		}
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none")), callback, loginRequired)

		a := w.json(http.MethodPost, oauth.RegisterPath, w.initial(1, time.Hour), registrationText(t))
		require.Equal(t, http.StatusCreated, a.Code)
		requireRefusal(t, leads(a.body), callback, loginRequired)
		changed := w.json(http.MethodPut, a.body["registration_client_uri"].(string), a.body["registration_access_token"].(string),
			registrationText(t, "client_id", a.body["client_id"], "client_name", "Another"))
		require.Equal(t, http.StatusOK, changed.Code, changed.Body.String())
		requireRefusal(t, leads(changed.body), callback, loginRequired)

		made := w.registers()
		requirePage(t, leads(made), http.StatusOK, "app.example.test")
		c, err := w.clients.Client(t.Context(), made["client_id"].(string))
		require.NoError(t, err)
		w.change(c, func(m *client.Metadata) { m.Consent = client.ConsentSkip })
		requireRefusal(t, leads(made), callback, loginRequired)
	})
}

// The page can link to an app on the person's device. A URI that runs a script cannot be registered.
func TestLeavingForAnAppOnTheDevice(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		made := w.registers("application_type", "native", "redirect_uris", []string{"com.example.app:/cb"}, "token_endpoint_auth_method", "none")
		c, err := w.clients.Client(t.Context(), made["client_id"].(string))
		require.NoError(t, err)
		body := w.authorize(w.request(c, "scope", "nope")).Body.String()
		require.Contains(t, body, `href="com.example.app:/cb?error=invalid_scope`)
		require.Contains(t, body, "<bdi>com.example.app:</bdi>")
		require.False(t, strings.Contains(body, "ZgotmplZ"))
	})
}
