package self_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// consented returns a browser in which Ada is signed in, after she has consented to a request of an app.
func consented(t *testing.T, w *logintest.World) (*logintest.Browser, storage.User) {
	t.Helper()
	b, _ := w.SignedIn(logintest.Ada)
	user := w.User(logintest.Ada)
	require.NoError(t, w.Store.Consents.Add(t.Context(), user.ID, w.Client.ID, storage.Access{Scopes: []string{"openid", "email"}}, time.Now()))
	return b, user
}

func TestAppsWithAccess(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		require.Contains(t, b.Open("/account/apps").Text(), "No app has access")
		user := w.User(logintest.Ada)
		require.NoError(t, w.Store.Consents.Add(t.Context(), user.ID, w.Client.ID, storage.Access{Scopes: []string{"openid", "email"}}, time.Now()))
		own := storagetest.Client(t, w.Store)
		w.Unasked = own.ID
		grant := storagetest.NewGrant(user, own)
		grant.Access = storage.Access{Scopes: []string{"openid", "offline_access"}}
		now := time.Now()
		grant.CreatedAt, grant.CodeExpiresAt, grant.ExpiresAt = storage.At(now), storage.At(now.Add(time.Minute)), storage.At(now.Add(time.Hour))
		require.NoError(t, w.Store.Grants.Issue(t.Context(), grant, ""))
		foreign := storagetest.Client(t, w.Store)
		storagetest.Grant(t, w.Store, storagetest.User(t, w.Store), foreign)

		p := b.Open("/account/apps")
		require.Equal(t, http.StatusOK, p.Status)
		require.Equal(t, "no-store", p.Header.Get("Cache-Control"))
		require.Contains(t, p.Header.Get("Content-Security-Policy"), "img-src 'self' https://notes.example.com")
		for _, shown := range []string{
			"Harbour Notes", "See your e-mail address", "Keep this access while you are away", "does not ask", `value="` + w.Client.ID + `"`,
			`value="` + own.ID + `"`, `href="/account/apps" aria-current="page"`,
		} {
			require.Contains(t, p.Body, shown)
		}
		require.NotContains(t, p.Body, foreign.ID)
		require.NotContains(t, p.Body, "no longer has access")
	})
}

func TestWithdrawing(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, user := consented(t, w)
		done := b.Submit(b.Open("/account/apps"), "client", w.Client.ID)
		require.Equal(t, "/account/apps?done=app", done.Address.RequestURI())
		require.Contains(t, done.Body, "The app no longer has access.")
		require.Contains(t, done.Text(), "No app has access")
		apps, err := w.Store.Consents.Apps(t.Context(), user.ID, time.Now())
		require.NoError(t, err)
		require.Empty(t, apps)
		for _, client := range []string{w.Client.ID, "", "nobody"} {
			require.Equal(t, http.StatusNotFound, b.Post("/account/apps", "client", client).Status, client)
		}
		events, err := w.Store.Events.List(t.Context(), storage.EventQuery{Names: []string{string(audit.ConsentWithdrawn)}, Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Contains(t, events[0].Body, `"192.0.2.0/24"`)
	})
}

// A form that was shown to another person does not withdraw an app of the person who is signed in now.
func TestWithdrawingFromSomebodyElsesList(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, user := consented(t, w)
		other := storagetest.User(t, w.Store)
		answer := b.Post("/account/apps", "client", w.Client.ID, "shown", w.Store.AccountFormKey(other))
		require.Equal(t, "/account/apps", answer.Address.RequestURI())
		require.Contains(t, answer.Body, w.Client.ID)
		require.Contains(t, answer.Body, w.Store.AccountFormKey(user))
		done := b.Post("/account/apps", "client", w.Client.ID, "shown", w.Store.AccountFormKey(user))
		require.Equal(t, "/account/apps?done=app", done.Address.RequestURI())
		require.NotContains(t, done.Body, w.Client.ID)
	})
}

func TestAppsOfNobody(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		_, user := consented(t, w)
		half, _ := w.HalfDone()
		for _, b := range []*logintest.Browser{logintest.NewBrowser(t, w.Handler), half} {
			b.Open("/account/apps")
			require.Contains(t, b.Visited, "/login?to=apps")
			b.Post("/account/apps", "client", w.Client.ID)
			require.Contains(t, b.Visited, "/login?to=apps")
		}
		apps, err := w.Store.Consents.Apps(t.Context(), user.ID, time.Now())
		require.NoError(t, err)
		require.Len(t, apps, 1)
	})
}
