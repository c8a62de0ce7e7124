package logintest

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

// Origin is the issuer of the pages.
const Origin = "https://id.example.test"

// The names of cookies.
const (
	SessionCookie    = "__Host-postern_session"
	HalfCookie       = "__Host-postern_signin"
	BrowserCookie    = "__Host-postern_browser"
	TrustCookie      = "__Host-postern_device"
	InvitationCookie = "__Host-postern_ticket"
	StateCookie      = "__Host-postern_state"
)

// Browser follows redirects, keeps cookies and fills in forms, all in memory.
type Browser struct {
	T      *testing.T
	Client *http.Client
	Jar    *cookiejar.Jar
	Agent  string
	User   string // user name of the account that the state is about
	// Visited lists every URL since the last Open, Post or Submit, redirects included.
	Visited []string
}

// serve is an http.RoundTripper that calls a handler without a network.
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

// NewBrowser returns a browser without cookies.
func NewBrowser(t *testing.T, handler http.Handler) *Browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &Browser{T: t, Jar: jar, User: Ada, Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	b.Client = &http.Client{
		Transport: serve{handler}, Jar: jar,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			b.Visited = append(b.Visited, r.URL.RequestURI())
			require.Less(t, len(via), 10, "redirected for ever: %v", b.Visited)
			return nil
		},
	}
	return b
}

// Twin returns a browser with the same cookies.
func (b *Browser) Twin() *Browser {
	b.T.Helper()
	twin := NewBrowser(b.T, b.Client.Transport.(serve).handler)
	twin.User, twin.Agent = b.User, b.Agent
	for _, cookie := range b.Jar.Cookies(MustParse(Origin + "/")) {
		require.True(b.T, strings.HasPrefix(cookie.Name, "__Host-"), "%s may have a path of its own", cookie.Name)
		twin.SetCookie(cookie.Name, cookie.Value)
	}
	return twin
}

// Page is the answer that a browser shows.
type Page struct {
	Status  int
	Address *url.URL
	Header  http.Header
	Body    string
	Cookies []*http.Cookie // set by the last answer
}

// Do sends a request and follows where the answer leads.
func (b *Browser) Do(r *http.Request) Page {
	b.T.Helper()
	r.Header.Set("User-Agent", b.Agent)
	b.Visited = []string{r.URL.RequestURI()}
	response, err := b.Client.Do(r)
	require.NoError(b.T, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(b.T, err)
	return Page{response.StatusCode, response.Request.URL, response.Header, string(body), response.Cookies()}
}

// Open requests a URL or a path of the issuer.
func (b *Browser) Open(address string) Page {
	b.T.Helper()
	r, err := http.NewRequest(http.MethodGet, Absolute(address), nil)
	require.NoError(b.T, err)
	return b.Do(r)
}

// Post sends a form with fields, which are names and values in turn.
func (b *Browser) Post(address string, fields ...string) Page {
	b.T.Helper()
	r, err := http.NewRequest(http.MethodPost, Absolute(address), strings.NewReader(values(fields).Encode()))
	require.NoError(b.T, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.Do(r)
}

// Submit fills in the page's form and sends it to the form's action.
func (b *Browser) Submit(p Page, fields ...string) Page {
	b.T.Helper()
	form := regexp.MustCompile(`<form method="post" novalidate(?: action="([^"]*)")?>`).FindStringSubmatch(p.Body)
	require.NotNil(b.T, form, "no form on the page:\n%s", p.Body)
	for i := 0; i < len(fields); i += 2 {
		require.Contains(b.T, p.Body, `name="`+fields[i]+`"`, "the form has no such field")
	}
	address := p.Address.String()
	if form[1] != "" {
		address = html.UnescapeString(form[1])
	}
	return b.Post(address, fields...)
}

// Cookie returns the value of a cookie, or "" if the browser does not have it.
func (b *Browser) Cookie(name string) string {
	for _, cookie := range b.Jar.Cookies(MustParse(Origin + "/")) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// SetCookie plants a cookie.
func (b *Browser) SetCookie(name, value string) {
	b.Jar.SetCookies(MustParse(Origin+"/"), []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// Absolute returns the URL of a path of the issuer, and any other URL unchanged.
func Absolute(address string) string {
	if strings.HasPrefix(address, "/") {
		return Origin + address
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

// MustParse parses a URL of a test.
func MustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

// Text returns the text of a page without its markup.
func (p Page) Text() string {
	plain := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(p.Body, " ")
	return strings.Join(strings.Fields(html.UnescapeString(plain)), " ")
}

// FieldsOf returns what the form of a page would send unchanged, with some fields filled in.
func FieldsOf(p Page, fill ...string) []string {
	var fields []string
	for _, input := range regexp.MustCompile(`<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(p.Body, -1) {
		fields = append(fields, input[1], html.UnescapeString(input[2]))
	}
	for _, area := range regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(p.Body, -1) {
		fields = append(fields, area[1], html.UnescapeString(area[2]))
	}
	if picked := regexp.MustCompile(`<option value="([^"]*)"[^>]* selected>`).FindStringSubmatch(p.Body); picked != nil {
		fields = append(fields, "locale", picked[1])
	}
	return append(fields, fill...)
}
