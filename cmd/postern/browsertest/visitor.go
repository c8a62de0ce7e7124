package browsertest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// maxRedirects is where Chromium gives up, too.
const maxRedirects = 20

// Visitor is a person at a browser without scripts and without a screen. Its
// methods end the test when something cannot be done.
//
// A journey may end at an address that nobody serves, such as the redirect URI
// of an app that the test only imagines: then URL is that address, Status is 0
// and the page is empty.
type Visitor struct {
	// Header is sent with every request, for example Accept-Language.
	Header http.Header

	t         testing.TB
	transport http.RoundTripper
	jar       *cookiejar.Jar
	url       *url.URL
	answer    http.Response // without its body
	body      []byte
	page      *html.Node
}

// NewVisitor returns a browser without cookies on an empty page. transport
// carries its requests: an InProcess, or nil for the network.
func NewVisitor(t testing.TB, transport http.RoundTripper) *Visitor {
	t.Helper()
	if transport == nil {
		transport = &http.Transport{DisableKeepAlives: true} // leaves no goroutine behind
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatalf("cookie jar: %v", err)
	}
	v := &Visitor{Header: http.Header{}, t: t, transport: transport, jar: jar, url: &url.URL{}}
	v.show(&http.Response{}, nil)
	return v
}

// Open types address, absolute or relative to the current page, into the
// address bar.
func (v *Visitor) Open(address string) {
	v.t.Helper()
	v.travel(http.MethodGet, v.resolve(address), "", nil)
}

// Follow clicks the link.
func (v *Visitor) Follow(link string) {
	v.t.Helper()
	v.travel(http.MethodGet, v.resolve(v.Link(link)), "", v.url)
}

// travel requests target and what it redirects to. from is the page that leads
// there, nil when the person typed the address.
func (v *Visitor) travel(method string, target *url.URL, form string, from *url.URL) {
	v.t.Helper()
	site := "none"
	for range maxRedirects {
		if from != nil {
			site = farther(site, relation(from, target))
		}
		answer := v.request(method, target, form, from, site)
		v.url = target
		next := answer.Header.Get("Location")
		if answer.StatusCode/100 != 3 || next == "" {
			return
		}
		// Fetch standard, HTTP-redirect fetch, step 12.
		if answer.StatusCode == http.StatusSeeOther || (answer.StatusCode < http.StatusSeeOther && method == http.MethodPost) {
			method, form = http.MethodGet, ""
		}
		target = v.resolve(next)
	}
	v.t.Fatalf("more than %d redirects, the last to %s", maxRedirects, target)
}

// request sends one request and shows its answer.
func (v *Visitor) request(method string, target *url.URL, form string, from *url.URL, site string) *http.Response {
	v.t.Helper()
	if target.Scheme != "http" && target.Scheme != "https" { // to an app on the device
		return v.show(&http.Response{}, nil)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, target.String(), strings.NewReader(form))
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, target, err)
	}
	r.Header = v.Header.Clone()
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin(from))
	}
	if method == http.MethodGet || site != "cross-site" { // all cookies are SameSite=Lax, but for those of frames
		for _, cookie := range v.jar.Cookies(target) {
			r.AddCookie(cookie)
		}
	}
	answer, err := v.transport.RoundTrip(r)
	if errors.Is(err, ErrNotServed) {
		return v.show(&http.Response{}, nil)
	}
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, target, err)
	}
	v.keep(target, answer.Cookies())
	return v.show(answer, body)
}

func (v *Visitor) show(answer *http.Response, body []byte) *http.Response {
	v.t.Helper()
	// Scripting off: what <noscript> holds is part of the page.
	page, err := html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		v.t.Fatalf("the page is not HTML: %v", err)
	}
	v.answer, v.body, v.page = *answer, body, page
	return answer
}

// keep puts cookies into the jar as a browser would. One that browsers refuse
// ends the test.
func (v *Visitor) keep(target *url.URL, cookies []*http.Cookie) {
	v.t.Helper()
	for _, cookie := range cookies {
		// RFC 6265bis section 4.1.3.
		secure := cookie.Secure && target.Scheme == "https"
		host := secure && cookie.Domain == "" && cookie.Path == "/"
		if (strings.HasPrefix(cookie.Name, "__Secure-") && !secure) || (strings.HasPrefix(cookie.Name, "__Host-") && !host) {
			v.t.Fatalf("browsers refuse this cookie of %s: %s", target.Host, cookie)
		}
	}
	v.jar.SetCookies(target, cookies)
}

// Cookie returns the value of the cookie that would be sent to the current
// page, or "".
func (v *Visitor) Cookie(name string) string {
	for _, cookie := range v.jar.Cookies(v.url) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// URL returns the address of the page.
func (v *Visitor) URL() string { return v.url.String() }

// Status returns the status of the HTTP answer that the page came with.
func (v *Visitor) Status() int { return v.answer.StatusCode }

// AnswerHeader returns the header of the HTTP answer that the page came with.
func (v *Visitor) AnswerHeader() http.Header { return v.answer.Header }

// Body returns the page as it was sent.
func (v *Visitor) Body() string { return string(v.body) }

func (v *Visitor) resolve(address string) *url.URL {
	v.t.Helper()
	target, err := v.url.Parse(address)
	if err != nil {
		v.t.Fatalf("%q is no address: %v", address, err)
	}
	return target
}

// relation says how a browser calls the way from a page to target (Fetch
// Metadata, Sec-Fetch-Site). Sites are compared by host name, which is right as
// long as tests use no subdomains of one site.
func relation(from, target *url.URL) string {
	switch {
	case origin(from) == origin(target):
		return "same-origin"
	case from.Scheme == target.Scheme && from.Hostname() == target.Hostname():
		return "same-site"
	}
	return "cross-site"
}

// farther returns the relation that counts after a further hop.
func farther(a, b string) string {
	order := map[string]int{"none": 0, "same-origin": 1, "same-site": 2, "cross-site": 3}
	if order[a] > order[b] {
		return a
	}
	return b
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
