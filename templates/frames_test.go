package templates

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSigningOutShowsItsFramesAndNoOthers(t *testing.T) {
	p := newPages(t, Config{})
	view := SigningOut{NextURL: "com.example.notes:/bye?state=S", Frames: []Frame{
		{"Notes", "https://notes.example.com/bye?sid=S"}, {"Notes again", "https://notes.example.com/also"}, {"Wiki", "http://localhost:3000/bye"},
		{"Trickster", "https://evil.example.com;script-src/"},
	}}
	c, w := ask("/oauth2/logout", "", "")
	require.NoError(t, p.SigningOut(c, view))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, plainPolicy+"; frame-src https://notes.example.com http://localhost:3000", w.Header().Get("Content-Security-Policy"))
	doc := parsePage(t, w.Body.Bytes())
	require.Len(t, elements(doc, "iframe"), 4)
	next := elements(doc, "a")[0]
	href, _ := attr(next, "href")
	require.Equal(t, "com.example.notes:/bye?state=S", href)
	_, proceeds := attr(next, "data-proceed")
	require.True(t, proceeds)
	require.NotContains(t, render(t, p, http.StatusOK, view).Body.String(), "data-proceed", "it waits for the person")
	require.Equal(t, plainPolicy, render(t, p, http.StatusOK, SignedOut{}).Header().Get("Content-Security-Policy"))
}
