package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// After a stranger's wrong codes, a sign-in with both factors gives no app access until the person has chosen a new password.
func TestNothingWhileANewPasswordIsAwaited(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://localhost:4280")
		addAda(t, a)
		id, _ := addClient(t, a, client.Web, "http://localhost:4281/callback", func(m *client.Metadata) { m.Consent = client.ConsentSkip })
		user, err := a.store.Users.Find(t.Context(), "ada")
		require.NoError(t, err)
		require.NoError(t, a.store.Passwords.MarkExposed(t.Context(), user.ID, user.Epoch, time.Now().Add(-time.Minute)))

		v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": a.public})
		v.Open("http://localhost:4280/oauth2/auth?" + authorizeParams(id).Encode())
		signInAsAda(t, v, time.Now())
		at, err := url.Parse(v.URL())
		require.NoError(t, err)
		require.Equal(t, "/login/password", at.Path)

		ask := func(prompt string) *url.URL {
			params := authorizeParams(id)
			if prompt != "" {
				params.Set("prompt", prompt)
			}
			r := httptest.NewRequest(http.MethodGet, "http://localhost:4280/oauth2/auth?"+params.Encode(), nil)
			for _, name := range []string{"postern_session", "postern_browser"} {
				r.AddCookie(&http.Cookie{Name: name, Value: v.Cookie(name)})
			}
			recorder := httptest.NewRecorder()
			a.public.ServeHTTP(recorder, r)
			location, err := recorder.Result().Location()
			require.NoError(t, err)
			return location
		}
		require.Equal(t, "login_required", ask("none").Query().Get("error"))
		require.Equal(t, "/login", ask("").Path)

		v.Fill("new_password", "a long walk over the hills")
		v.Submit("Save and continue")
		require.NotEmpty(t, ask("none").Query().Get("code"))
	})
}
