package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

// The page under a foreign name leads to the right one, and finds its style sheet.
func TestForeignHostIsLedToTheIssuer(t *testing.T) {
	a := newTestApp(t, storagetest.SQLite(t), "https://id.example.test")
	ask := func(path string) *httptest.ResponseRecorder {
		answer, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "http://10.0.0.7"+path, nil)
		r.Header.Set("Accept", "text/html")
		a.public.ServeHTTP(answer, r)
		return answer
	}
	page := ask("/login")
	require.Equal(t, http.StatusMisdirectedRequest, page.Code)
	require.Contains(t, page.Body.String(), `href="https://id.example.test/account"`)
	require.Empty(t, page.Header().Values("Set-Cookie"))
	style := regexp.MustCompile(`/assets/postern\.[0-9a-f]{16}\.css`).FindString(page.Body.String())
	require.Equal(t, http.StatusOK, ask(style).Code)
}
