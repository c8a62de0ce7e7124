package provider

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// The operator removes a scope from the client while the person looks at the page: the person is asked for the others, and the client gets nothing
// else.
func TestScopeLostWhileAsking(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(standard())
		w.web, w.secret = w.asking(client.Web, callback)
		_, flow := w.begin(w.request(w.web, "scope", "openid phone email", "claims", `{"userinfo":{"address":null}}`))
		w.agreeToAll(flow)
		w.change(w.web, func(m *client.Metadata) { m.Scopes = []string{"openid", "email"} })
		require.Equal(t, storage.Access{Scopes: []string{"openid", "email"}}, w.agreeToAll(flow))
		tokens := w.redeem(w.resume(flow).query.Get("code"))
		access := requireTokens(t, tokens)
		require.Equal(t, "openid email", tokens.body["scope"])
		require.ElementsMatch(t, []string{"sub", "email", "email_verified"}, slices.Collect(maps.Keys(w.userinfo(access).body)))

		w.change(w.web, func(m *client.Metadata) { m.Scopes = []string{"openid"} })
		require.Equal(t, []string{"sub"}, slices.Collect(maps.Keys(w.userinfo(access).body)), "even with a token from before")

		_, flow = w.begin(w.request(w.web, "scope", "openid", "prompt", "consent"))
		w.change(w.web, func(m *client.Metadata) { m.Scopes = []string{"email"} })
		requireRefusal(t, w.resume(flow), callback, invalidScope)
	})
}

// If the client is registered for another claim after a sign-in, the person is asked for it at the next one.
func TestClaimAddedLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(storage.Claims{"team": "harbour"})
		w.web, w.secret = w.asking(client.Web, callback)
		page, flow := w.begin(w.request(w.web))
		require.Equal(t, "consent", page)
		w.agreeToAll(flow)
		access := requireTokens(t, w.redeem(w.resume(flow).query.Get("code")))
		w.change(w.web, func(m *client.Metadata) { m.Claims = []string{"team"} })
		require.NotContains(t, w.userinfo(access).body, "team")
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none")), callback, consentRequired)
		_, flow = w.begin(w.request(w.web))
		require.Equal(t, storage.Strings{"team"}, w.agreeToAll(flow).Claims)
		require.Equal(t, "harbour", w.userinfo(requireTokens(t, w.redeem(w.resume(flow).query.Get("code")))).body["team"])
		require.NotEmpty(t, w.authorize(w.request(w.web, "prompt", "none")).query.Get("code"))
	})
}

// The person withdraws the consent after it was read and before the code is stored: everything is decided anew.
func TestConsentWithdrawnWhileIssuing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hook := &withdrawing{grants: w.store.Grants}
		w.between(hook)
		w.web, w.secret = w.asking(client.Web, callback)
		agree := func() {
			require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.web.ID, storage.Access{Scopes: []string{"openid", "profile", "email"}}, time.Now()))
		}
		withdraw := func(context.Context) {
			require.NoError(t, w.store.Consents.Withdraw(t.Context(), w.user.ID, w.web.ID, time.Now()))
		}
		agree()
		hook.happen = withdraw
		page, _ := w.begin(w.request(w.web))
		require.Equal(t, "consent", page)
		agree()
		hook.happen = withdraw
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none")), callback, consentRequired)
		agree()
		hook.happen = func(ctx context.Context) { // the consent is given again in another tab
			withdraw(ctx)
			agree()
		}
		require.NotEmpty(t, w.authorize(w.request(w.web)).query.Get("code"))
		grants, err := w.store.Grants.OfUser(t.Context(), w.user.ID, 10)
		require.NoError(t, err)
		require.Len(t, grants, 1)
	})
}

// The person signs out after the session was read and before the code is stored: nothing is issued in a session that has ended.
func TestSignedOutWhileIssuing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hook := &withdrawing{grants: w.store.Grants}
		w.between(hook)
		signOut := func(ctx context.Context) {
			_, err := w.browser.End(ctx, nil, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
			require.NoError(t, err)
		}
		hook.happen = signOut
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none")), callback, loginRequired)
		w.signIn(time.Now())
		hook.happen = signOut
		page, _ := w.begin(w.request(w.web))
		require.Equal(t, "login", page)

		w.signIn(time.Now())
		tv := w.tv()
		asked := w.askForDevice(tv, "openid")
		form := w.deviceForm(w.typeCode(asked["user_code"]))
		hook.happen = signOut
		require.Equal(t, http.StatusBadRequest, w.postDevice(form, url.Values{"decision": {"allow"}}).Code)
		require.Empty(t, w.consented(tv).Scopes)
		grants, err := w.store.Grants.OfUser(t.Context(), w.user.ID, 10)
		require.NoError(t, err)
		require.Empty(t, grants)
	})
}

// withdrawing calls a function before the next grant is stored.
type withdrawing struct {
	grants
	happen func(context.Context)
}

func (h *withdrawing) Issue(ctx context.Context, g storage.Grant, event string) error {
	if happen := h.happen; happen != nil {
		h.happen = nil
		happen(ctx)
	}
	return h.grants.Issue(ctx, g, event)
}
