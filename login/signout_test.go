package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// The button of our own pages signs people out of their apps, too: of those that this session was at.
func TestSignOutShowsTheFramesOfApps(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		w.complete(b)
		signIn, err := w.store.SignIn(t.Context(), storage.Hash(b.cookie(sessionCookie)), "", time.Now())
		require.NoError(t, err)
		require.NoError(t, w.store.AddVisit(t.Context(), signIn, w.client.ID, time.Now()))

		p := b.submit(b.open("/logout"))
		require.Equal(t, http.StatusOK, p.status)
		require.Contains(t, p.body, `src="https://notes.example.com/bye?sid=`+signIn.ID()+`"`)
		require.Contains(t, p.body, `href="/logout" data-proceed`)
		require.Contains(t, p.header.Get("Content-Security-Policy"), "; frame-src https://notes.example.com")
		require.Empty(t, b.cookie(sessionCookie))
		require.Contains(t, b.open("/logout").body, "You are signed out")
		p = b.post("/logout")
		require.NotContains(t, p.body, "<iframe", "nobody without the session sees where it was")
		require.Equal(t, "/logout", p.address.Path)
	})
}
