package login

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A browser knows the clients of its last requests, however they are called, and of no others.
func TestNoteRequest(t *testing.T) {
	s := &Sessions{cookies: cookies{secure: true}}
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
		s.NoteRequest(w, visit(), flow, client)
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
	require.Empty(t, s.ClientOf(visit(), "FLOW1"), "the oldest are forgotten")
	require.Equal(t, "another app", s.ClientOf(visit(), "FLOW"+strings.Repeat("A", 19)))
	require.LessOrEqual(t, len(kept.Value), longestCookie)
	kept.Value = "FLOW1:!!!.:.x"
	require.Empty(t, s.ClientOf(visit(), "FLOW1"))
}
