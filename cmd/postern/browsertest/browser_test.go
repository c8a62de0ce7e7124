package browsertest

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

//go:embed testdata
var testdata embed.FS

const otpauth = "otpauth://totp/Example%20Inc.:ada%40example.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example%20Inc.&algorithm=SHA1&digits=6&period=30"

// site is a website of a few forms, in process or on a port of its own.
func site(t *testing.T) http.Handler {
	pages, err := template.ParseFS(testdata, "testdata/*.html")
	require.NoError(t, err)
	drawing, err := otp.QR(otpauth, "QR code")
	require.NoError(t, err)
	show := func(w http.ResponseWriter, status int, page string, data any) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'")
		w.WriteHeader(status)
		require.NoError(t, pages.ExecuteTemplate(w, page, data))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { show(w, 200, "form.html", nil) })
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("password") != "correct horse" {
			show(w, http.StatusUnprocessableEntity, "form.html", r.FormValue("username"))
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "who", Value: r.FormValue("username"), Path: "/", HttpOnly: true})
		http.Redirect(w, r, fmt.Sprintf("/enroll?remember=%s&decision=%s", r.FormValue("remember"), r.FormValue("decision")), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /enroll", func(w http.ResponseWriter, r *http.Request) {
		who, _ := r.Cookie("who")
		show(w, 200, "enroll.html", map[string]any{
			"QR": template.HTML(drawing), "URI": template.URL(otpauth), "Who": who.Value, "Query": r.URL.RawQuery,
		})
	})
	mux.HandleFunc("POST /enroll", func(w http.ResponseWriter, r *http.Request) { show(w, 200, "done.html", r.FormValue("code")) })
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, r *http.Request) { show(w, 200, "broken.html", nil) })
	mux.HandleFunc("POST /away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.test/callback?code=1", http.StatusSeeOther)
	})
	mux.Handle("GET /testdata/", http.FileServerFS(testdata))
	return mux
}

func TestBrowser(t *testing.T) {
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	for name, options := range map[string]Options{
		"scripts":           {JavaScript: true},
		"no scripts":        {},
		"phone, dark":       {JavaScript: true, Dark: true, Width: 320},
		"phone, no scripts": {Width: 320},
	} {
		t.Run(name, func(t *testing.T) {
			b := Start(t, options)
			b.Open(server.URL)
			require.Equal(t, 200, b.Status())
			require.Equal(t, "Sign in", b.Title())
			require.Equal(t, options.Dark, Evaluate[bool](b, `matchMedia("(prefers-color-scheme: dark)").matches`))
			require.Equal(t, max(options.Width, 0), Evaluate[int](b, `innerWidth`)*min(options.Width, 1))
			b.Screenshot("signin")

			b.Fill("E-mail or user name", "ada")
			b.Fill("password", "wrong")
			b.Submit("Continue")
			require.Equal(t, http.StatusUnprocessableEntity, b.Status())
			require.Contains(t, b.Text(), "Wrong, ada.")
			require.NotContains(t, b.Text(), "invisible")
			require.Equal(t, "ada", b.Value("username"))

			b.Fill("username", "grace@example.test")
			b.Fill("Password", "correct horse")
			b.Check("remember")
			b.Check("Keep me")
			b.Submit("decision=allow")
			require.Equal(t, server.URL+"/enroll?remember=yes&decision=allow", b.URL())
			require.Contains(t, b.Text(), "Hello, grace@example.test!")
			require.Equal(t, options.JavaScript, Evaluate[bool](b, `document.documentElement.dataset.scripts === "run"`))
			require.Equal(t, otpauth, b.Link("Open in an app"))
			require.Equal(t, otpauth, b.QR())

			b.Fill("code", "123 456")
			b.Submit("Confirm")
			require.Contains(t, b.Text(), "You sent 123 456.")
			b.Back()
			require.Contains(t, b.URL(), "/enroll")
			b.Follow("Start again")
			require.Equal(t, server.URL+"/", b.URL())
			b.Reload()
			require.Equal(t, "Sign in", b.Title())

			tab := b.NewTab()
			tab.Open(server.URL + "/enroll")
			require.Contains(t, tab.Text(), "grace@example.test", "tabs share their cookies")
			require.Empty(t, b.Complaints())
		})
	}
}
