package browsertest

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

//go:embed testdata/*.html testdata/site.css testdata/site.js
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
		http.Redirect(w, r, fmt.Sprintf("/enroll?remember=%s&decision=%s&language=%s",
			r.FormValue("remember"), r.FormValue("decision"), r.FormValue("language")), http.StatusSeeOther)
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
		"keyboard":          {JavaScript: true, Keyboard: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := Start(t, options)
			b.Open(server.URL)
			require.Equal(t, 200, b.Status())
			require.Equal(t, "Sign in", b.Title())
			require.Equal(t, options.Dark, Evaluate[bool](b, `matchMedia("(prefers-color-scheme: dark)").matches`))
			require.Equal(t, cmp.Or(options.Width, 1280), Evaluate[int](b, `innerWidth`))
			b.Screenshot("signin")

			b.Fill("E-mail or user name", "ada")
			b.Fill("password", "wrong")
			b.Submit("Continue")
			require.Equal(t, http.StatusUnprocessableEntity, b.Status())
			require.Contains(t, b.Text(), "Wrong, ada.")
			require.Contains(t, b.Source(), "Wrong, <b>ada</b>.")
			require.True(t, strings.HasPrefix(b.Source(), "<!doctype html>"), b.Source())
			require.NotContains(t, b.Text(), "invisible")
			require.Equal(t, "ada", b.Value("username"))

			b.Fill("username", "grace@example.test")
			b.Fill("Password", "correct horse")
			b.Check("remember")
			b.Check("Keep me")
			b.Choose("Language", "日本語")
			b.Choose("Language", "Português (Brasil)")
			b.Submit("decision=allow")
			require.Equal(t, server.URL+"/enroll?remember=yes&decision=allow&language=pt-BR", b.URL())
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

func TestBrowserSaysWhatIsWrong(t *testing.T) {
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	b := Start(t, Options{JavaScript: true})
	b.Open(server.URL + "/broken")
	awaitComplaints(t, b, "inline style violates the following Content Security Policy", "absent.css")
	b.Press("Throw")
	awaitComplaints(t, b, `console.error "said" "so"`, "thrown")

	for name, tc := range map[string]struct {
		act  func(*Browser)
		want []string
	}{
		"no such field":      {func(b *Browser) { b.Fill("code", "1") }, []string{`no single field called "code" but 0 of ["short"]`, "which says: Red", "failure.png"}},
		"several":            {func(b *Browser) { b.Submit("Same") }, []string{`no single button called "Same" but 2 of`}},
		"no such link":       {func(b *Browser) { b.Follow("Home") }, []string{`no single link called "Home"`}},
		"cut off":            {func(b *Browser) { b.Fill("short", "123456") }, []string{`took "123" instead of "123456"`}},
		"covered":            {func(b *Browser) { b.Submit("Covered") }, []string{`the button "Covered" is covered by <p class="covered">`}},
		"no such option":     {func(b *Browser) { b.Choose("short", "One") }, []string{"chromium"}},
		"no checkbox":        {func(b *Browser) { b.Check("short") }, []string{`"short" cannot be ticked`}},
		"not the form's":     {func(b *Browser) { b.Submit("Go away") }, []string{"cannot be loaded: net::ERR_ABORTED", "form-action 'self'"}},
		"nobody there":       {func(b *Browser) { b.Open("http://127.0.0.1:1/") }, []string{"net::ERR_"}},
		"no QR code":         {func(b *Browser) { b.QR() }, []string{"zbarimg"}},
		"no such address":    {func(b *Browser) { b.Open("http://[") }, []string{"missing ']'"}},
		"nothing before":     {func(b *Browser) { b.NewTab().Back() }, []string{"no page to go back to"}},
		"a script's mistake": {func(b *Browser) { Evaluate[int](b, "nonsense") }, []string{"nonsense is not defined"}},
	} {
		t.Run(name, func(t *testing.T) {
			b.Open(server.URL + "/broken")
			b.Complaints()
			message := failure(t, func(tb testing.TB) {
				failing := *b
				failing.t = tb
				tc.act(&failing)
			})
			for _, want := range tc.want {
				require.Contains(t, message, want)
			}
		})
	}
	b.Complaints()
}

func awaitComplaints(t *testing.T, b *Browser, wanted ...string) {
	t.Helper()
	var heard string
	require.Eventually(t, func() bool {
		heard += strings.Join(b.Complaints(), "\n")
		return !slices.ContainsFunc(wanted, func(text string) bool { return !strings.Contains(heard, text) })
	}, 5*time.Second, 10*time.Millisecond, wanted)
}

func TestNothingHappens(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	m := newMoves("frame")
	require.ErrorContains(t, m.arrived(ctx), "nothing leads to another page")
	m.hear(&page.EventFrameStartedNavigating{FrameID: "frame", LoaderID: "loader"})
	require.ErrorContains(t, m.arrived(ctx), "does not finish loading")
	m.hear(&page.EventLifecycleEvent{FrameID: "frame", LoaderID: "earlier", Name: "load"})
	require.ErrorContains(t, m.arrived(ctx), "does not finish loading")
	m.hear(&page.EventLifecycleEvent{FrameID: "frame", LoaderID: "loader", Name: "load"})
	require.NoError(t, m.arrived(ctx))
	m.reset()
	m.hear(&page.EventFrameNavigated{Frame: &cdp.Frame{ID: "frame"}, Type: page.NavigationTypeBackForwardCacheRestore})
	require.NoError(t, m.arrived(ctx))
	m.reset()
	m.hear(&page.EventFrameRequestedNavigation{FrameID: "frame", Disposition: page.ClientNavigationDispositionDownload})
	require.False(t, m.hasBegun())
}

func TestBrowserEndsWithItsTest(t *testing.T) {
	var processes []string
	t.Run("browser", func(t *testing.T) {
		b := Start(t, Options{})
		processes = family(t, strconv.Itoa(chromedp.FromContext(b.ctx).Browser.Process().Pid))
		require.Greater(t, len(processes), 1)
	})
	for _, id := range processes {
		require.Eventually(t, func() bool { return !running(id) }, 5*time.Second, 10*time.Millisecond, "process %s", id)
	}
}

// family returns a process and its descendants.
func family(t *testing.T, id string) []string {
	all := []string{id}
	threads, err := filepath.Glob("/proc/" + id + "/task/*/children")
	require.NoError(t, err)
	for _, thread := range threads {
		children, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		for child := range strings.FieldsSeq(string(children)) {
			all = append(all, family(t, child)...)
		}
	}
	return all
}

// running reports whether a process exists and is more than a status that its
// parent has not asked for yet.
func running(id string) bool {
	status, err := os.ReadFile("/proc/" + id + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestArtefacts(t *testing.T) {
	t.Setenv(artefactsVariable, "")
	folder, err := artefacts()
	require.NoError(t, err)
	require.Equal(t, filepath.Join("build", "artefacts"), filepath.Join(filepath.Base(filepath.Dir(folder)), filepath.Base(folder)))
	require.FileExists(t, filepath.Join(folder, "..", "..", "go.mod"))
	t.Setenv(artefactsVariable, "/elsewhere")
	folder, err = artefacts()
	require.NoError(t, err)
	require.Equal(t, "/elsewhere", folder)
}
