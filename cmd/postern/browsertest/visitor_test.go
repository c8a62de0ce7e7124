package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVisitor(t *testing.T) {
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	for name, tc := range map[string]struct {
		transport http.RoundTripper
		base      string
	}{
		"in process":  {InProcess{"id.example.test": site(t)}, "https://id.example.test"},
		"over a wire": {nil, server.URL},
	} {
		t.Run(name, func(t *testing.T) {
			v := NewVisitor(t, tc.transport)
			v.Open(tc.base + "/")
			require.Equal(t, 200, v.Status())
			require.Equal(t, "Sign in", v.Title())

			v.Fill("E-mail or user name", "ada")
			v.Fill("password", "wrong")
			v.Submit("Continue")
			require.Equal(t, http.StatusUnprocessableEntity, v.Status())
			require.Contains(t, v.Text(), "Wrong, ada.")
			require.NotContains(t, v.Text(), "invisible")
			require.Equal(t, "ada", v.Value("username"))
			require.Empty(t, v.Value("Password"))

			v.Fill("username", "grace@example.test")
			v.Fill("Password", "correct horse")
			v.Check("Keep me")
			v.Choose("Language", "Português (Brasil)")
			require.Equal(t, "pt-BR", v.Value("Language"))
			v.Submit("decision=allow")
			require.Equal(t, tc.base+"/enroll?remember=yes&decision=allow&language=pt-BR", v.URL())
			require.Contains(t, v.Text(), "Hello, grace@example.test!")
			require.Equal(t, otpauth, v.Link("Open in an app"))
			require.Equal(t, "grace@example.test", v.Cookie("who"))
			require.Contains(t, v.AnswerHeader().Get("Content-Type"), "text/html")
			require.Contains(t, v.Body(), "<bdi>grace@example.test</bdi>")

			v.Fill("code", "123 456")
			v.Submit("Confirm")
			require.Contains(t, v.Text(), "You sent 123 456.")
			v.Open("/enroll")
			v.Follow("Start again")
			require.Equal(t, tc.base+"/", v.URL())
			require.Empty(t, v.Cookie("absent"))
		})
	}
}

func TestVisitorInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVisitor(t, InProcess{"app.test": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: r.URL.Path[1:], Value: "x", Path: "/", MaxAge: 60})
			fmt.Fprint(w, "<p>", time.Now().Year())
		})})
		v.Open("http://app.test/early")
		require.Equal(t, "2000", v.Text())
		time.Sleep(time.Minute)
		v.Open("http://app.test/late")
		require.Empty(t, v.Cookie("early"), "it has expired")
		require.Equal(t, "x", v.Cookie("late"))
	})
}

// echo answers with what it was asked; to: parameters redirect.
func echo(w http.ResponseWriter, r *http.Request) {
	if to := r.URL.Query().Get("to"); to != "" {
		w.Header().Set("Location", to)
		status := http.StatusSeeOther
		if r.URL.Path == "/307" {
			status = http.StatusTemporaryRedirect
		}
		w.WriteHeader(status)
		return
	}
	_ = r.ParseForm()
	fmt.Fprintf(w, `<p>%s %s %s form=%s site=%s origin=%s language=%s tls=%t`,
		r.Method, r.Host, r.RequestURI, r.PostForm.Encode(), r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin"),
		r.Header.Get("Accept-Language"), r.TLS != nil)
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestVisitorTravels(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", echo)
	mux.HandleFunc("/start", body(`
		<a href="https://app.test/x">Other site</a> <a href="/x#part">Same <b>site</b></a> <a href="http://id.test/x">Not encrypted</a>
		<a href="/hop?to=https://app.test/hop?to=https://id.test/x">Round trip</a> <a href="/loop?to=/loop%3Fto=/loop">Loop</a>
		<a href="/away?to=com.example.app:/callback%3Fcode=1">App</a> <a href="https://nobody.test/callback?code=2">Nobody</a>
		<form method="post" action="/post"><input type="hidden" name="a" value="1"><input name="b" disabled value="2">
			<fieldset disabled><input name="c" value="3"></fieldset><textarea name="d">old</textarea><input type="checkbox" name="e">
			<input type="checkbox" name="f" checked><button name="go" value="y">Yes</button><button name="go" value="n" formaction="/no">No</button>
			<button formaction="/307?to=/kept">Keep</button><button formaction="/303?to=/got">Get</button><button type="button">Script</button></form>
		<form action="/search?old=1"><label>Query <input name="q"></label><input type="submit" value="Search"></form>`))
	network := InProcess{"id.test": mux, "app.test": http.HandlerFunc(echo)}
	for name, tc := range map[string]struct {
		act  func(*Visitor)
		want string
	}{
		"typed":      {func(v *Visitor) { v.Open("https://app.test/x") }, "GET app.test /x form= site=none origin= language=de tls=true"},
		"other site": {func(v *Visitor) { v.Follow("Other site") }, "GET app.test /x form= site=cross-site origin= language=de tls=true"},
		"same site":  {func(v *Visitor) { v.Follow("Same site") }, "GET id.test /x form= site=same-origin origin= language=de tls=true"},
		"other scheme": {
			func(v *Visitor) { v.Follow("Not") }, "GET id.test /x form= site=cross-site origin= language=de tls=false",
		},
		"round trip": {func(v *Visitor) { v.Follow("Round trip") }, "GET id.test /x form= site=cross-site origin= language=de tls=true"},
		"post": {
			func(v *Visitor) { v.Fill("d", "new"); v.Check("e"); v.Submit("Yes") },
			"POST id.test /post form=a=1&d=new&e=on&f=on&go=y site=same-origin origin=https://id.test language=de tls=true",
		},
		"other action": {
			func(v *Visitor) { v.Submit("go=n") },
			"POST id.test /no form=a=1&d=old&f=on&go=n site=same-origin origin=https://id.test language=de tls=true",
		},
		"sent on": {
			func(v *Visitor) { v.Submit("Keep") },
			"POST id.test /kept form=a=1&d=old&f=on site=same-origin origin=https://id.test language=de tls=true",
		},
		"led on": {func(v *Visitor) { v.Submit("Get") }, "GET id.test /got form= site=same-origin origin= language=de tls=true"},
		"search": {
			func(v *Visitor) { v.Fill("Query", "a b"); v.Submit("Search") },
			"GET id.test /search?q=a+b form= site=same-origin origin= language=de tls=true",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := NewVisitor(t, network)
			v.Header.Set("Accept-Language", "de")
			v.Open("https://id.test/start")
			tc.act(v)
			require.Equal(t, tc.want, v.Text())
		})
	}

	v := NewVisitor(t, network)
	v.Open("https://id.test/start")
	v.Follow("App")
	require.Equal(t, "com.example.app:/callback?code=1", v.URL())
	require.Zero(t, v.Status())
	v.Open("https://id.test/start")
	v.Follow("Nobody")
	require.Equal(t, "https://nobody.test/callback?code=2", v.URL())
	require.Zero(t, v.Status())
	require.Empty(t, v.Text())
}

func TestVisitorSaysWhatIsWrong(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", body(`<input name="code"><button>Lonely</button><form enctype="multipart/form-data"><button>Upload</button></form>
		<form><select name="list"></select><button>Choose</button></form>`))
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	for name, cookie := range map[string]*http.Cookie{
		"path":   {Name: "__Host-a", Value: "1", Secure: true, Path: "/login"},
		"domain": {Name: "__Host-a", Value: "1", Secure: true, Path: "/", Domain: "id.test"},
		"open":   {Name: "__Secure-a", Value: "1"},
		"good":   {Name: "__Host-a", Value: "1", Secure: true, Path: "/"},
	} {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) { http.SetCookie(w, cookie) })
	}
	for name, tc := range map[string]struct {
		act  func(*Visitor)
		want string
	}{
		"no such button":    {func(v *Visitor) { v.Submit("Send") }, `no single button called "Send" but 0 of ["Lonely" "Upload" "Choose"]`},
		"no form":           {func(v *Visitor) { v.Submit("Lonely") }, "belongs to no form"},
		"upload":            {func(v *Visitor) { v.Submit("Upload") }, "multipart/form-data cannot be sent"},
		"list":              {func(v *Visitor) { v.Choose("list", "One") }, `the list "list" offers no "One"`},
		"no checkbox":       {func(v *Visitor) { v.Check("code") }, "no checkbox"},
		"no address":        {func(v *Visitor) { v.Open("http://[") }, "no address"},
		"in circles":        {func(v *Visitor) { v.Open("/loop") }, "more than 20 redirects"},
		"cookie's path":     {func(v *Visitor) { v.Open("/path") }, "browsers refuse"},
		"cookie's domain":   {func(v *Visitor) { v.Open("/domain") }, "browsers refuse"},
		"cookie not secure": {func(v *Visitor) { v.Open("/open") }, "browsers refuse"},
		"cookie over http":  {func(v *Visitor) { v.Open("http://id.test/good") }, "browsers refuse"},
	} {
		t.Run(name, func(t *testing.T) {
			message := failure(t, func(tb testing.TB) {
				v := NewVisitor(tb, InProcess{"id.test": mux})
				v.Open("https://id.test/")
				tc.act(v)
			})
			require.Contains(t, message, tc.want)
		})
	}
	v := NewVisitor(t, InProcess{"id.test": mux})
	v.Open("https://id.test/good")
	require.Equal(t, "1", v.Cookie("__Host-a"))
}
