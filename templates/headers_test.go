package templates

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

const plainPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

var errKnown = errors.New("known")

// newEngine serves one page of each status, mounted as the program does it.
func newEngine(p *Pages, log *slog.Logger) *gin.Engine {
	handle := Handle(p, log, func(err error) (int, Text, Text) {
		switch {
		case errors.Is(err, errKnown):
			return http.StatusForbidden, T("error.cross_title"), T("error.cross")
		case errors.Is(err, errOutage):
			return http.StatusServiceUnavailable, T("error.outage_title"), T("error.outage")
		}
		return 0, Text{}, Text{}
	})
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(p.Headers, Recover(p, log))
	p.Mount(r)
	r.NoRoute(p.NotFound)
	r.NoMethod(p.MethodNotAllowed)
	r.GET("/ok", handle(func(c *gin.Context) error { return p.Render(c, http.StatusOK, SignIn{}) }))
	r.GET("/mistake", handle(func(c *gin.Context) error {
		return p.Render(c, http.StatusUnprocessableEntity, SignIn{Page: Page{Error: T("login.wrong_credentials")}})
	}))
	r.GET("/wait", handle(func(c *gin.Context) error {
		return p.Render(c, http.StatusTooManyRequests, SignIn{Page: Page{Error: WaitMessage(1)}})
	}))
	r.GET("/known", handle(func(*gin.Context) error { return errKnown }))
	r.GET("/unknown", handle(func(*gin.Context) error { return errSecret }))
	r.GET("/outage", handle(func(*gin.Context) error { return errOutage }))
	r.GET("/panic", func(*gin.Context) { panic(errSecret.Error()) })
	r.GET("/redirect", func(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/ok") })
	return r
}

func get(r http.Handler, path, accept string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set("Accept", accept)
	return serve(r, req)
}

func serve(r http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestEveryStatusHasTheHeaders(t *testing.T) {
	r := newEngine(newPages(t, Config{Secure: true}), quiet)
	for path, status := range map[string]int{
		"/ok": 200, "/mistake": 422, "/wait": 429, "/known": 403, "/nowhere": 404,
		"/unknown": 500, "/panic": 500, "/outage": 503,
	} {
		t.Run(path, func(t *testing.T) {
			w := get(r, path, "text/html,*/*")
			require.Equal(t, status, w.Code)
			require.Contains(t, w.Body.String(), "</html>")
			for name, want := range map[string]string{
				"Content-Type":               "text/html; charset=utf-8",
				"Content-Security-Policy":    plainPolicy,
				"X-Frame-Options":            "DENY",
				"X-Content-Type-Options":     "nosniff",
				"Referrer-Policy":            "same-origin",
				"Cross-Origin-Opener-Policy": "same-origin",
				"Cache-Control":              "no-store",
				"Strict-Transport-Security":  "max-age=63072000",
				"Permissions-Policy":         "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
			} {
				require.Equal(t, want, w.Header().Get(name), name)
			}
		})
	}
}

func TestMethodNotAllowedIsAPage(t *testing.T) {
	req := httptest.NewRequest(http.MethodDelete, "/ok", nil)
	req.Header.Set("Accept", "text/html")
	w := serve(newEngine(newPages(t, Config{}), quiet), req)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, plainPolicy, w.Header().Get("Content-Security-Policy"))
}

func TestOtherAnswersAllowNoContent(t *testing.T) {
	r := newEngine(newPages(t, Config{}), quiet)
	for path, accept := range map[string]string{"/redirect": "text/html", "/nowhere": "application/json", "/panic": "*/*"} {
		w := get(r, path, accept)
		require.Equal(t, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			w.Header().Get("Content-Security-Policy"), path)
		require.Equal(t, "DENY", w.Header().Get("X-Frame-Options"), path)
		require.Empty(t, w.Header().Get("Strict-Transport-Security"), "plain http must not promise https")
	}
}

func TestFormTargetsBecomeOrigins(t *testing.T) {
	for _, tc := range []struct{ name, target, want string }{
		{"web", "https://app.example.com/callback?x=1", " https://app.example.com"},
		{"port", "http://127.0.0.1:53682/cb", " http://127.0.0.1:53682"},
		{"private scheme", "com.example.app:/oauth", " com.example.app:"},
		{"CSP has no syntax for IPv6 addresses", "http://[::1]:8080/cb", " http:"},
		{"user info is dropped", "https://a:b@app.example.com/", " https://app.example.com"},
		{"directive smuggled into the host", "https://app.example.com;script-src/*", " https:"},
		{"space in the host", "https://app.example.com 'unsafe-inline'/", ""},
		{"wildcard", "https://*/", " https:"},
		{"no address", "'unsafe-inline'", ""},
		{"empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			policy := contentPolicy(Page{FormTargets: []string{tc.target, tc.target}})
			require.Contains(t, policy, "form-action 'self'"+tc.want+"; frame-ancestors")
		})
	}
}

func TestAppLogoIsTheOnlyForeignImage(t *testing.T) {
	p := newPages(t, Config{})
	w := render(t, p, http.StatusOK, SignIn{Page: Page{App: App{Name: "A", Logo: "https://cdn.example.com/a.png"}}})
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "img-src 'self' https://cdn.example.com;")
	require.Contains(t, w.Body.String(), `src="https://cdn.example.com/a.png"`)

	w = render(t, p, http.StatusOK, SignIn{Page: Page{App: App{Name: "A", Logo: "http://cdn.example.com/a.png"}}})
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "img-src 'self';")
	require.NotContains(t, w.Body.String(), "cdn.example.com")
}

func TestOpenerIsKeptForAnAppsPopup(t *testing.T) {
	w := render(t, newPages(t, Config{}), http.StatusOK, SignIn{Page: samplePage()})
	require.Empty(t, w.Header().Get("Cross-Origin-Opener-Policy"))
}
