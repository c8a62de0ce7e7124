package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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

// begin sends an authorization request that needs a page, and returns the page and the ID of the flow.
func (w *world) begin(form url.Values) (page, flow string) {
	w.t.Helper()
	a := w.authorize(form)
	require.Equal(w.t, http.StatusSeeOther, a.Code, a.Body.String())
	page, found := strings.CutPrefix(a.location.Path, "/")
	require.True(w.t, found && strings.HasPrefix(a.location.String(), issuer) && a.query.Has("flow"), a.location.String())
	a.query.Del("shown")
	require.Len(w.t, a.query, 1, "the parameters of the request are not in the URL")
	return page, a.query.Get("flow")
}

// resume comes back from the page of a flow.
func (w *world) resume(flow string) answer {
	return w.do(httptest.NewRequest(http.MethodGet, "/oauth2/auth?flow="+url.QueryEscape(flow), nil))
}

// agree gives the user's consent as the consent page does.
func (w *world) agree(flow string, c *client.Client, scopes ...string) {
	w.t.Helper()
	require.NoError(w.t, w.store.Flows.Consent(w.t.Context(), flow, w.user.ID, time.Now()))
	require.NoError(w.t, w.store.Consents.Add(w.t.Context(), w.user.ID, c.ID, storage.Access{Scopes: scopes}, time.Now()))
}

// agreeToAll gives the user's consent to everything that the consent page of a flow asks for, and returns it.
func (w *world) agreeToAll(flow string) storage.Access {
	w.t.Helper()
	stored, err := w.store.Flows.ByID(w.t.Context(), flow, w.browser.Browser(nil, nil), time.Now())
	require.NoError(w.t, err)
	view, err := w.provider.Describe(w.t.Context(), stored)
	require.NoError(w.t, err)
	require.NoError(w.t, w.store.Flows.Consent(w.t.Context(), flow, w.user.ID, time.Now()))
	require.NoError(w.t, w.store.Consents.Add(w.t.Context(), w.user.ID, stored.ClientID, view.Asked, time.Now()))
	return view.Asked
}

// asking registers a client for which people are asked for consent.
func (w *world) asking(kind client.Type, uri string) (*client.Client, string) {
	w.t.Helper()
	return w.register(kind, func(m *client.Metadata) { m.RedirectURIs = []string{uri} })
}

func requireOver(t testing.TB, a answer) {
	t.Helper()
	requirePage(t, a, http.StatusBadRequest, "")
	require.NotContains(t, a.Body.String(), callback)
}

func TestSignInAndConsent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.asking(client.Web, callback)
		w.browser.session = nil
		page, flow := w.begin(w.request(c))
		require.Equal(t, "login", page)
		a := w.resume(flow)
		require.Equal(t, issuer+"/login?flow="+flow, a.location.String(), "not signed in yet")
		w.signIn(time.Now())
		a = w.resume(flow)
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/consent?flow="+flow+"&shown="), a.location.String())
		w.agree(flow, c, "openid", "profile", "email")
		a = w.resume(flow)
		require.Equal(t, "the state", a.query.Get("state"))
		tokens := w.post("/oauth2/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {a.query.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
		}, authorization(basicText(c.ID+":"+secret)))
		requireTokens(t, tokens)
		require.Equal(t, "the nonce", w.idToken(tokens.body["id_token"])["nonce"])
		requireOver(t, w.resume(flow))
		require.Equal(t, 1, w.events(audit.AuthorizationIssued))

		require.NotEmpty(t, w.code(c), "remembered")
		require.NotEmpty(t, w.code(c, "scope", "openid"))
		requireRefusal(t, w.authorize(w.request(c, "scope", "openid groups", "prompt", "none")), callback, consentRequired)
		page, _ = w.begin(w.request(c, "scope", "openid groups"))
		require.Equal(t, "consent", page)
		page, _ = w.begin(w.request(c, "prompt", "consent"))
		require.Equal(t, "consent", page)
	})
}

func TestDenial(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		for _, signedIn := range []bool{true, false} {
			if !signedIn {
				w.browser.session = nil
			}
			_, flow := w.begin(w.request(c))
			require.NoError(t, w.store.Flows.Deny(t.Context(), flow, time.Now()))
			a := w.resume(flow)
			requireRefusal(t, a, callback, accessDenied)
			require.Equal(t, "the state", a.query.Get("state"))
			requireOver(t, w.resume(flow))
		}
		require.Zero(t, w.events(audit.AuthorizationIssued))
	})
}

func TestConsentIsThePersonsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		_, flow := w.begin(w.request(c))
		w.agree(flow, c, "openid", "profile", "email")
		w.user = storagetest.User(t, w.store) // another user signs in before the flow continues
		w.signIn(time.Now())
		a := w.resume(flow)
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/consent?flow="+flow+"&shown="), a.location.String())
		w.agree(flow, c, "openid", "profile")
		a = w.resume(flow)
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/consent?flow="+flow+"&shown="), "a scope is missing: %s", a.location)
		w.agree(flow, c, "openid", "profile", "email")
		require.NotEmpty(t, w.resume(flow).query.Get("code"))
	})
}

// RFC 8252 section 8.6: any app can use a custom scheme or listen on loopback.
func TestNativeAppsAskEachTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, uri := range []string{"http://127.0.0.1/cb", "com.example.app:/cb"} {
			c, _ := w.asking(client.Native, uri)
			for range 2 {
				requireRefusal(t, w.authorize(w.request(c, "prompt", "none")), uri, consentRequired)
				page, flow := w.begin(w.request(c))
				require.Equal(t, "consent", page)
				w.agree(flow, c, "openid", "profile", "email")
				require.NotEmpty(t, w.resume(flow).query.Get("code"))
			}
		}
	})
}

func TestFlowOfAnotherBrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		_, flow := w.begin(w.request(c))
		w.agree(flow, c, "openid", "profile", "email")
		w.browser.id = "another"
		requireOver(t, w.resume(flow))
		for _, wild := range []string{"unknown", "x\x00", "' OR 1=1 --", strings.Repeat("x", 5000), "<script>"} {
			requireOver(t, w.resume(wild))
		}
		w.browser.id = "browser"
		require.NotEmpty(t, w.resume(flow).query.Get("code"))
	})
}

func TestClientChangesDuringAFlow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, tc := range map[string]struct {
			change func(*client.Client)
			page   string // shown
		}{
			"disabled": {func(c *client.Client) {
				require.NoError(t, w.clients.Disable(t.Context(), c.ID, operator, time.Now()))
			}, "Unknown app"},
			"removed": {func(c *client.Client) { require.NoError(t, w.clients.Remove(t.Context(), c.ID, operator, time.Now())) }, ""},
			"moved": {func(c *client.Client) {
				w.change(c, func(m *client.Metadata) { m.RedirectURIs = []string{"https://new.example.test/"} })
			}, "Wrong return address"},
		} {
			c, _ := w.asking(client.Web, callback)
			_, flow := w.begin(w.request(c))
			w.agree(flow, c, "openid", "profile", "email")
			tc.change(c)
			a := w.resume(flow)
			requirePage(t, a, http.StatusBadRequest, tc.page)
			require.NotContains(t, a.Body.String(), `href="`+callback, name)
		}
		require.Zero(t, w.events(audit.AuthorizationIssued))
	})
}

func TestUserIsDisabledDuringAFlow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		_, flow := w.begin(w.request(c))
		w.agree(flow, c, "openid", "profile", "email")
		require.NoError(t, w.store.Users.Disable(t.Context(), w.user.ID, time.Now()))
		require.Equal(t, issuer+"/login?flow="+flow, w.resume(flow).location.String())
		require.Zero(t, w.events(audit.AuthorizationIssued))
	})
}

// Two tabs of one browser go through the pages in both orders, and each gets the answer to its own request.
func TestTwoTabs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			w.signIn(time.Now())
			var flows [2]string
			var forms [2]url.Values
			for i := range flows {
				c, _ := w.asking(client.SPA, "https://app"+string(rune('1'+i))+".example.test/cb")
				forms[i] = w.request(c, "state", "state "+string(rune('1'+i)), "nonce", "nonce "+string(rune('1'+i)), "code_challenge", s256(verifier+string(rune('1'+i))))
				_, flows[i] = w.begin(forms[i])
				w.agree(flows[i], c, "openid", "profile", "email")
			}
			for _, i := range order {
				a := w.resume(flows[i])
				require.True(t, strings.HasPrefix(a.location.String(), forms[i].Get("redirect_uri")), a.location.String())
				require.Equal(t, forms[i].Get("state"), a.query.Get("state"))
				tokens := w.post("/oauth2/token", url.Values{
					"grant_type": {"authorization_code"}, "client_id": forms[i]["client_id"], "code": {a.query.Get("code")},
					"redirect_uri": forms[i]["redirect_uri"], "code_verifier": {verifier + string(rune('1'+i))},
				}, anonymous)
				requireTokens(t, tokens)
				require.Equal(t, forms[i].Get("nonce"), w.idToken(tokens.body["id_token"])["nonce"])
				require.Equal(t, forms[i].Get("client_id"), w.idToken(tokens.body["id_token"])["aud"])
			}
		}
	})
}

func TestOneFlowYieldsOneCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		for range 5 {
			before := w.events(audit.AuthorizationIssued)
			_, flow := w.begin(w.request(c, "prompt", "consent"))
			w.agree(flow, c, "openid", "profile", "email")
			answers := make([]answer, 50)
			var group sync.WaitGroup
			for i := range answers {
				group.Go(func() { answers[i] = w.resume(flow) })
			}
			group.Wait()
			codes := 0
			for _, a := range answers {
				if a.query.Has("code") {
					codes++
				} else {
					requireOver(t, a)
				}
			}
			require.Equal(t, 1, codes)
			require.Equal(t, before+1, w.events(audit.AuthorizationIssued))
		}
	})
}

// A frozen request is read as it was sent, even if its encoded form is longer than the limit.
func TestLongRequestsSurviveFreezing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		state := strings.Repeat("ü", maxParameter/2)
		form := w.request(c, "state", state, "login_hint", state, "ui_locales", state, "nonce", state)
		for i := range 40 {
			form.Set("unknown"+strings.Repeat("x", i), strings.Repeat("x", 500))
		}
		a := w.post("/oauth2/auth", form, anonymous)
		require.Equal(t, http.StatusRequestEntityTooLarge, a.Code, "beyond the limit of a body")
		a = w.post("/oauth2/auth", params(form, "ui_locales", "", "nonce", "", "login_hint", ""), anonymous)
		flow := a.query.Get("flow")
		require.NotEmpty(t, flow)
		frozen, err := w.store.Flows.ByID(t.Context(), flow, w.browser.Browser(nil, nil), time.Now())
		require.NoError(t, err)
		require.NotContains(t, frozen.Request, "unknown")
		w.agree(flow, c, "openid", "profile", "email")
		require.Equal(t, state, w.resume(flow).query.Get("state"))
	})
}
