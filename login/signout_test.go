package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// The button of Postern's own pages also signs people out of the apps that were used in the session.
func TestSignOutShowsTheFramesOfApps(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		signIn, err := w.Store.Sessions.SignIn(t.Context(), storage.Hash(b.Cookie(logintest.SessionCookie)), "", time.Now())
		require.NoError(t, err)
		g := storagetest.NewGrant(signIn.User(), w.Client)
		g.SID, g.CreatedAt, g.TellOfLogout = signIn.ID(), storage.At(time.Now()), true
		require.NoError(t, w.Store.Grants.Issue(t.Context(), g, ""))

		p := b.Submit(b.Open("/logout"))
		require.Equal(t, http.StatusOK, p.Status)
		require.Contains(t, p.Body, `src="https://notes.example.com/bye?sid=`+signIn.ID()+`"`)
		require.Contains(t, p.Body, `href="/logout" data-proceed`)
		require.Contains(t, p.Header.Get("Content-Security-Policy"), "; frame-src https://notes.example.com")
		require.Empty(t, b.Cookie(logintest.SessionCookie))
		require.Contains(t, b.Open("/logout").Body, "You are signed out")
		p = b.Post("/logout")
		require.NotContains(t, p.Body, "<iframe", "a browser without the session does not see its apps")
		require.Equal(t, "/logout", p.Address.Path)
	})
}
