package client_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

// registered returns a client with any redirect URIs, as it might be in the database.
func registered(t client.Type, uris ...string) *client.Client {
	m := client.Defaults(t)
	m.RedirectURIs = uris
	return &client.Client{ID: "app", Metadata: m}
}

func TestMatchRedirectURI(t *testing.T) {
	const cb = "https://app.example/cb"
	const loopback = "http://127.0.0.1:3000/cb"
	const v6 = "http://[::1]/cb"
	const private = "com.example.app:/cb"
	for name, c := range map[string]struct {
		kind       client.Type
		registered string
		asked      string
		want       bool
	}{
		"the same":                         {client.Web, cb, cb, true},
		"the same with a query":            {client.Web, cb + "?a=1&b=2", cb + "?a=1&b=2", true},
		"slash added":                      {client.Web, cb, cb + "/", false},
		"path longer":                      {client.Web, cb, cb + "/x", false},
		"path shorter":                     {client.Web, cb, "https://app.example/c", false},
		"path in capitals":                 {client.Web, cb, "https://app.example/CB", false},
		"host in capitals":                 {client.Web, cb, "https://APP.example/cb", false},
		"scheme in capitals":               {client.Web, cb, "HTTPS://app.example/cb", false},
		"http for https":                   {client.Web, cb, "http://app.example/cb", false},
		"default port written out":         {client.Web, cb, "https://app.example:443/cb", false},
		"another port":                     {client.Web, cb, "https://app.example:8443/cb", false},
		"empty port":                       {client.Web, cb, "https://app.example:/cb", false},
		"query added":                      {client.Web, cb, cb + "?x=1", false},
		"empty query added":                {client.Web, cb, cb + "?", false},
		"query in another order":           {client.Web, cb + "?a=1&b=2", cb + "?b=2&a=1", false},
		"query twice":                      {client.Web, cb + "?a=1", cb + "?a=1&a=1", false},
		"query removed":                    {client.Web, cb + "?a=1", cb, false},
		"fragment added":                   {client.Web, cb, cb + "#x", false},
		"user info":                        {client.Web, cb, "https://app.example@evil.example/cb", false},
		"user info with password":          {client.Web, cb, "https://app.example:x@evil.example/cb", false},
		"host hidden behind a fragment":    {client.Web, cb, "https://evil.example#@app.example/cb", false},
		"backslash":                        {client.Web, cb, `https://app.example\@evil.example/cb`, false},
		"dots in the path":                 {client.Web, cb, "https://app.example/x/../cb", false},
		"encoded dots":                     {client.Web, cb, "https://app.example/cb/%2e%2e", false},
		"encoded slash":                    {client.Web, cb, "https://app.example%2fcb", false},
		"double encoding":                  {client.Web, cb, "https://app.example/%2563b", false},
		"path parameter":                   {client.Web, cb, cb + ";x", false},
		"longer host":                      {client.Web, cb, "https://app.example.evil.example/cb", false},
		"a dot is a dot":                   {client.Web, cb, "https://appxexample/cb", false},
		"trailing dot of the host":         {client.Web, cb, "https://app.example./cb", false},
		"blank before":                     {client.Web, cb, " " + cb, false},
		"line break behind":                {client.Web, cb, cb + "\n", false},
		"NUL behind":                       {client.Web, cb, cb + "\x00", false},
		"nothing":                          {client.Web, cb, "", false},
		"full-width host":                  {client.Web, cb, "https://ａpp.example/cb", false},
		"loopback of a web client":         {client.Web, loopback, loopback, true},
		"loopback of a web client, port":   {client.Web, loopback, "http://127.0.0.1:3001/cb", false},
		"loopback of a spa, port":          {client.SPA, loopback, "http://127.0.0.1:3001/cb", false},
		"native, the same":                 {client.Native, loopback, loopback, true},
		"native, another port":             {client.Native, loopback, "http://127.0.0.1:49152/cb", true},
		"native, port left out":            {client.Native, loopback, "http://127.0.0.1/cb", true},
		"native, port put in":              {client.Native, v6, "http://[::1]:49152/cb", true},
		"native, highest port":             {client.Native, v6, "http://[::1]:65535/cb", true},
		"native, port too high":            {client.Native, v6, "http://[::1]:65536/cb", false},
		"native, port 0":                   {client.Native, v6, "http://[::1]:0/cb", false},
		"native, port with a zero before":  {client.Native, v6, "http://[::1]:0080/cb", false},
		"native, port with a sign":         {client.Native, v6, "http://[::1]:+80/cb", false},
		"native, port in words":            {client.Native, v6, "http://[::1]:http/cb", false},
		"native, empty port":               {client.Native, v6, "http://[::1]:/cb", false},
		"native, https":                    {client.Native, loopback, "https://127.0.0.1:49152/cb", false},
		"native, other path":               {client.Native, loopback, "http://127.0.0.1:49152/other", false},
		"native, query added":              {client.Native, loopback, "http://127.0.0.1:49152/cb?x=1", false},
		"native, encoded slash":            {client.Native, loopback, "http://127.0.0.1:49152%2fcb", false},
		"native, user info":                {client.Native, loopback, "http://u@127.0.0.1:49152/cb", false},
		"native, port as user info":        {client.Native, loopback, "http://127.0.0.1:80@evil.example/cb", false},
		"native, other loopback address":   {client.Native, loopback, "http://127.0.0.2:3000/cb", false},
		"native, IPv6 for IPv4":            {client.Native, loopback, "http://[::1]:3000/cb", false},
		"native, long IPv6":                {client.Native, v6, "http://[0:0:0:0:0:0:0:1]:3000/cb", false},
		"native, longer host":              {client.Native, loopback, "http://127.0.0.1.evil.example/cb", false},
		"native, localhost is no literal":  {client.Native, "http://localhost:3000/cb", "http://localhost:3001/cb", false},
		"native, localhost the same":       {client.Native, "http://localhost:3000/cb", "http://localhost:3000/cb", true},
		"native, no path":                  {client.Native, "http://127.0.0.1", "http://127.0.0.1:8080", true},
		"native, query only":               {client.Native, "http://127.0.0.1?a", "http://127.0.0.1:8080?a", true},
		"private scheme":                   {client.Native, private, private, true},
		"private scheme, other path":       {client.Native, private, "com.example.app:/other", false},
		"private scheme with an authority": {client.Native, private, "com.example.app://cb", false},
		"private scheme of another app":    {client.Native, private, "com.example.app2:/cb", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, client.MatchRedirectURI(registered(c.kind, c.registered), c.asked))
		})
	}
	require.True(t, client.MatchRedirectURI(registered(client.Web, cb, cb+"2"), cb+"2"), "the second of two")
	require.False(t, client.MatchRedirectURI(nil, cb))
	require.False(t, client.MatchRedirectURI(registered(client.Web), ""))
}

// unregistrable are redirect URIs that no client can register, and that do not match even if they are in the database.
var unregistrable = map[string]string{
	"short address": "https://127.1/cb", "address as a number": "https://2130706433/cb", "hexadecimal address": "https://0x7f000001/cb", "half of it": "https://0x7f.1/cb",
	"empty":                      "",
	"relative":                   "/cb",
	"without scheme":             "//app.example/cb",
	"fragment":                   "https://app.example/cb#x",
	"empty fragment":             "https://app.example/cb#",
	"user info":                  "https://user@app.example/cb",
	"empty user info":            "https://@app.example/cb",
	"wildcard host":              "https://*.app.example/cb",
	"wildcard path":              "https://app.example/*",
	"regular expression":         "https://app.example/.*",
	"no host":                    "https:///cb",
	"opaque":                     "https:app.example/cb",
	"control character":          "https://app.example/cb\x07",
	"line break":                 "https://app.example/cb\r\nX: y",
	"NUL":                        "https://app.example/\x00",
	"blank":                      "https://app.example/a b",
	"backslash":                  `https://app.example\cb`,
	"quote":                      `https://app.example/"x`,
	"angle bracket":              "https://app.example/<x>",
	"non-ASCII host":             "https://bücher.example/cb",
	"non-ASCII path":             "https://app.example/ü",
	"encoded host":               "https://b%C3%BCcher.example/cb",
	"broken percent-encoding":    "https://app.example/%zz",
	"scheme in capitals":         "HTTPS://app.example/cb",
	"port 0":                     "https://app.example:0/cb",
	"port too high":              "https://app.example:65536/cb",
	"empty port":                 "https://app.example:/cb",
	"port in words":              "https://app.example:https/cb",
	"host with an underscore":    "https://app_1.example/cb",
	"host that begins with -":    "https://-app.example/cb",
	"host that is a dot":         "https://./cb",
	"IPv6 without brackets":      "https://::1/cb",
	"IPv4 in brackets":           "https://[127.0.0.1]/cb",
	"http":                       "http://app.example/cb",
	"http on a private network":  "http://10.0.0.1/cb",
	"http on any address":        "http://0.0.0.0/cb",
	"http on a look-alike":       "http://localhost.evil.example/cb",
	"http on a short loopback":   "http://127.1/cb",
	"http on a number":           "http://2130706433/cb",
	"http on a loopback zone":    "http://[::1%25lo]/cb",
	"javascript":                 "javascript:alert(1)",
	"javascript, mixed case":     "JaVaScRiPt:alert(1)",
	"javascript with a host":     "javascript://app.example/%0aalert(1)",
	"data":                       "data:text/html,x",
	"vbscript":                   "vbscript:x",
	"file":                       "file:///etc/passwd",
	"blob":                       "blob:https://app.example/1",
	"about":                      "about:blank",
	"ftp":                        "ftp://app.example/cb",
	"scheme without a dot":       "myapp:/cb",
	"private scheme, no slash":   "com.example.app:cb",
	"private scheme, wrong dots": "com..example:/cb",
	"private scheme, dot behind": "com.:/cb",
	"out-of-band":                "urn:ietf:wg:oauth:2.0:oob",
	"too long":                   "https://app.example/" + strings.Repeat("a", 2048),
}

func TestUnregistrableRedirectURIs(t *testing.T) {
	for name, uri := range unregistrable {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []client.Type{client.Web, client.SPA, client.Native} {
				faults := client.Faults(registered(kind, uri).Validate())
				require.NotEmpty(t, faults, kind)
				require.True(t, slices.ContainsFunc(faults, func(e *client.MetadataError) bool {
					return e.Field == "redirect_uris" && e.Code == client.InvalidRedirectURI && e.Message != ""
				}), kind)
				require.False(t, client.MatchRedirectURI(registered(kind, uri), uri), "a forced row of a %s client matches", kind)
			}
		})
	}
}

func TestRegistrableRedirectURIs(t *testing.T) {
	everybody := []client.Type{client.Web, client.SPA, client.Native}
	for uri, kinds := range map[string][]client.Type{
		"https://app.example":                everybody,
		"https://app.example/":               everybody,
		"https://app.example/cb?a=1&b=%20":   everybody,
		"https://app.example:8443/a/b.c~d":   everybody,
		"https://192.0.2.1/cb":               everybody,
		"https://[2001:db8::1]:8443/cb":      everybody,
		"https://xn--bcher-kva.example/cb":   everybody,
		"http://localhost/cb":                everybody,
		"http://localhost:3000/cb":           everybody,
		"http://127.0.0.1:3000/cb":           everybody,
		"http://127.8.8.8/cb":                everybody,
		"http://[::1]:3000/cb":               everybody,
		"com.example.app:/cb":                {client.Native},
		"com.example.app://cb":               {client.Native},
		"io.github.some-app+x:/oauth?from=1": {client.Native},
	} {
		t.Run(uri, func(t *testing.T) {
			for _, kind := range everybody {
				c := registered(kind, uri)
				c.Name = "App"
				allowed := slices.Contains(kinds, kind)
				require.Equal(t, allowed, c.Validate() == nil, kind)
				require.Equal(t, allowed, client.MatchRedirectURI(c, uri), kind)
			}
		})
	}
}

// FuzzMatchRedirectURI checks that a URI that matches is equal, or is an http URI of a native client on a loopback literal that differs in its port
// only.
func FuzzMatchRedirectURI(f *testing.F) {
	f.Add("https://app.example/cb", "https://app.example/cb", false)
	f.Add("http://127.0.0.1:3000/cb", "http://127.0.0.1:49152/cb", true)
	f.Add("http://[::1]/cb", "http://[::1]:49152/cb", true)
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", true)
	f.Add("http://127.0.0.1?", "http://127.0.0.1:1?", true)
	f.Add("com.example.app:/cb", "com.example.app:/cb", true)
	for _, uri := range unregistrable {
		f.Add(uri, uri, true)
	}
	f.Fuzz(func(t *testing.T, known, asked string, native bool) {
		kind := client.Web
		if native {
			kind = client.Native
		}
		if !client.MatchRedirectURI(registered(kind, known), asked) || known == asked {
			return
		}
		require.True(t, native, "%q matches %q for a web client", known, asked)
		a, err := url.Parse(known)
		require.NoError(t, err)
		b, err := url.Parse(asked)
		require.NoError(t, err)
		require.Contains(t, []string{"127.0.0.1", "::1"}, a.Hostname())
		require.Equal(t, "http", a.Scheme)
		require.NotEqual(t, a.Port(), b.Port())
		a.Host, b.Host = a.Hostname(), b.Hostname()
		require.Equal(t, a, b, "more than the port differs")
	})
}

// FuzzRedirectURIRegistration checks that a URI that can be registered is absolute, has no fragment, user information or pattern, and has a scheme
// that no browser executes.
func FuzzRedirectURIRegistration(f *testing.F) {
	for _, uri := range unregistrable {
		f.Add(uri, true)
		f.Add(uri, false)
	}
	f.Add("https://app.example/cb", false)
	f.Add("http://[::1]:3000/cb?x", false)
	f.Add("com.example.app:/cb", true)
	f.Fuzz(func(t *testing.T, uri string, native bool) {
		kind := client.SPA
		if native {
			kind = client.Native
		}
		c := registered(kind, uri)
		c.Name = "App"
		if c.Validate() != nil {
			return
		}
		require.NotContains(t, uri, "#")
		require.NotContains(t, uri, "*")
		u, err := url.Parse(uri)
		require.NoError(t, err)
		require.True(t, u.IsAbs())
		require.Nil(t, u.User)
		require.Empty(t, u.Opaque)
		require.Equal(t, u.Scheme, uri[:len(u.Scheme)], "the scheme is not in small letters")
		switch u.Scheme {
		case "https":
			require.NotEmpty(t, u.Hostname())
		case "http":
			require.True(t, u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127.") || strings.Contains(u.Hostname(), ":"), u.Hostname())
		default:
			require.True(t, native)
			require.Contains(t, u.Scheme, ".")
		}
		require.True(t, client.MatchRedirectURI(c, uri), "what was registered does not match itself")
	})
}
