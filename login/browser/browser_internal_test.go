package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A browser remembers the clients of its last requests, whatever characters their ids have, and no other clients.
func TestRememberRequest(t *testing.T) {
	s := &Sessions{jar: jar{secure: true}}
	var kept *http.Cookie
	visit := func() *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if kept != nil {
			r.AddCookie(kept)
		}
		return r
	}
	note := func(flow, client string) {
		w := httptest.NewRecorder()
		s.RememberRequest(w, visit(), flow, client)
		kept = w.Result().Cookies()[0]
	}
	require.Empty(t, s.ClientOf(visit(), ""))
	note("FLOW1", "an app; with=strange.characters:株")
	require.Equal(t, "an app; with=strange.characters:株", s.ClientOf(visit(), "FLOW1"))
	require.Empty(t, s.ClientOf(visit(), "FLOW2"))
	require.Empty(t, s.ClientOf(visit(), ""))
	for i := range 20 {
		note("FLOW"+strings.Repeat("A", i), "another app")
	}
	require.Empty(t, s.ClientOf(visit(), "FLOW1"), "the oldest requests are forgotten")
	require.Equal(t, "another app", s.ClientOf(visit(), "FLOW"+strings.Repeat("A", 19)))
	require.LessOrEqual(t, len(kept.Value), longest)
	kept.Value = "FLOW1:!!!.:.x"
	require.Empty(t, s.ClientOf(visit(), "FLOW1"))
}

func TestCookieNames(t *testing.T) {
	require.Equal(t, "__Host-postern_session", jar{secure: true}.name(sessionCookie))
	require.Equal(t, "postern_session", jar{}.name(sessionCookie), "over plain http the names have no prefix __Host-")
}
