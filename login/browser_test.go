package login_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const origin = "https://id.example.test"

// browser follows redirects, keeps cookies and fills in forms, all in memory.
type browser struct {
	t      *testing.T
	client *http.Client
	jar    *cookiejar.Jar
	agent  string
	user   string // whose account it is about
	// visited is every address of the last journey, redirects included.
	visited []string
}

// serve lets an http.Client talk to a handler without a network.
type serve struct{ handler http.Handler }

func (s serve) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.RemoteAddr = "192.0.2.7:4711"
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

func newBrowser(t *testing.T, handler http.Handler) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &browser{t: t, jar: jar, user: ada, agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	b.client = &http.Client{
		Transport: serve{handler}, Jar: jar,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			b.visited = append(b.visited, r.URL.RequestURI())
			require.Less(t, len(via), 10, "redirected for ever: %v", b.visited)
			return nil
		},
	}
	return b
}

// twin returns a browser with the same cookies.
func (b *browser) twin() *browser {
	b.t.Helper()
	twin := newBrowser(b.t, b.client.Transport.(serve).handler)
	twin.user, twin.agent = b.user, b.agent
	for _, cookie := range b.jar.Cookies(mustParse(origin + "/")) {
		require.True(b.t, strings.HasPrefix(cookie.Name, "__Host-"), "%s may have a path of its own", cookie.Name)
		twin.setCookie(cookie.Name, cookie.Value)
	}
	return twin
}

// page is what a browser shows.
type page struct {
	status  int
	address *url.URL
	header  http.Header
	body    string
	cookies []*http.Cookie // set by the last answer
}

func (b *browser) do(r *http.Request) page {
	b.t.Helper()
	r.Header.Set("User-Agent", b.agent)
	b.visited = []string{r.URL.RequestURI()}
	response, err := b.client.Do(r)
	require.NoError(b.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return page{response.StatusCode, response.Request.URL, response.Header, string(body), response.Cookies()}
}

func (b *browser) open(address string) page {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, absolute(address), nil)
	require.NoError(b.t, err)
	return b.do(r)
}

func (b *browser) post(address string, fields ...string) page {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, absolute(address), strings.NewReader(values(fields).Encode()))
	require.NoError(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// submit fills in the page's form and sends it to its address.
func (b *browser) submit(p page, fields ...string) page {
	b.t.Helper()
	form := regexp.MustCompile(`<form method="post" novalidate(?: action="([^"]*)")?>`).FindStringSubmatch(p.body)
	require.NotNil(b.t, form, "no form on the page:\n%s", p.body)
	for i := 0; i < len(fields); i += 2 {
		require.Contains(b.t, p.body, `name="`+fields[i]+`"`, "the form has no such field")
	}
	address := p.address.String()
	if form[1] != "" {
		address = html.UnescapeString(form[1])
	}
	return b.post(address, fields...)
}

// cookie returns the value of a cookie, empty when the browser has none.
func (b *browser) cookie(name string) string {
	for _, cookie := range b.jar.Cookies(mustParse(origin + "/")) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	b.jar.SetCookies(mustParse(origin+"/"), []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

func absolute(address string) string {
	if strings.HasPrefix(address, "/") {
		return origin + address
	}
	return address
}

func values(fields []string) url.Values {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return form
}

func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

// text returns a page as it reads.
func (p page) text() string {
	plain := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(p.body, " ")
	return strings.Join(strings.Fields(html.UnescapeString(plain)), " ")
}
