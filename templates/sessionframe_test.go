package templates

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Other sites may frame this page and no other; it runs Postern's script and nothing else.
func TestSessionFrame(t *testing.T) {
	p := newPages(t, Config{BasePath: "/auth", Secure: true})
	c, w := ask("/auth/oauth2/check_session", "", "")
	p.Headers(c)
	require.NoError(t, p.SessionFrame(c))
	require.Equal(t, http.StatusOK, w.Code)
	h := w.Header()
	require.Equal(t, "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *", h.Get("Content-Security-Policy"))
	require.Empty(t, h.Get("X-Frame-Options"))
	require.Empty(t, h.Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.NotEmpty(t, h.Get("Strict-Transport-Security"))
	doc := parsePage(t, w.Body.Bytes())
	source, _ := attr(elements(doc, "script")[0], "src")
	require.Regexp(t, `^/auth/assets/session\.[0-9a-f]{16}\.js$`, source)
	require.Empty(t, elements(doc, "form"))
	require.Empty(t, elements(doc, "a"))
}
