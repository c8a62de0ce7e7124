package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireError checks an error of an endpoint that clients call (RFC 6749 section 5.2): a code, a description, and no caching.
func requireError(t testing.TB, a answer, status int, code string) {
	t.Helper()
	require.Equal(t, status, a.Code, a.Body.String())
	require.Equal(t, code, a.body["error"], a.Body.String())
	require.NotEmpty(t, a.body["error_description"])
	require.Len(t, a.body, 2, "an error has no other members")
	requireUnstored(t, a)
}

// requireUnstored checks that an answer must not be cached.
func requireUnstored(t testing.TB, a answer) {
	t.Helper()
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
	require.True(t, strings.HasPrefix(a.Header().Get("Content-Type"), "application/json"), a.Header().Get("Content-Type"))
	require.Empty(t, a.Header().Values("Set-Cookie"))
}

// requireRefusal checks that an error was sent to the client's redirect URI (RFC 6749 section 4.1.2.1, RFC 9207).
func requireRefusal(t testing.TB, a answer, to, code string) {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, a.Code, a.Body.String())
	require.True(t, strings.HasPrefix(a.location.String(), to), a.location.String())
	require.Equal(t, code, a.query.Get("error"), a.location.String())
	require.NotEmpty(t, a.query.Get("error_description"))
	require.Equal(t, issuer, a.query.Get("iss"))
	require.False(t, a.query.Has("code"))
	require.Empty(t, a.location.Fragment)
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
}

// requirePage checks that the answer is a page that contains a text, and no redirect.
func requirePage(t testing.TB, a answer, status int, text string) {
	t.Helper()
	require.Equal(t, status, a.Code, a.Body.String())
	require.Nil(t, a.location)
	require.True(t, strings.HasPrefix(a.Header().Get("Content-Type"), "text/html"), a.Header().Get("Content-Type"))
	require.Contains(t, a.Body.String(), text)
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
}

// requireTokens checks a successful token answer (RFC 6749 section 5.1) and returns its access token.
func requireTokens(t testing.TB, a answer) string {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	require.Equal(t, "Bearer", a.body["token_type"])
	require.NotEmpty(t, a.body["access_token"])
	requireUnstored(t, a)
	return a.body["access_token"].(string)
}
