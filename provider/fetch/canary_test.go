package fetch_test

import (
	"context"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/fetch/fetchtest"
)

// canary must not be reached in the whole run.
var canary *fetchtest.Canary

func TestMain(m *testing.M) {
	var err error
	if canary, err = fetchtest.NewCanary(); err != nil {
		log.Fatal(err)
	}
	os.Exit(canary.Main(m.Run))
}

// strangers returns a client with the default configuration.
func strangers() *fetch.Client { return fetch.New(fetch.Config{}) }

// requireRefused checks that neither [fetch.Client.Get] nor [fetch.Client.PostForm] reaches a URI.
func requireRefused(t *testing.T, c *fetch.Client, uri string) {
	t.Helper()
	_, err := c.Get(t.Context(), uri, "", 10)
	require.Error(t, err, uri)
	_, err = c.PostForm(t.Context(), uri, url.Values{"logout_token": {"x"}})
	require.Error(t, err, uri)
	require.Zero(t, canary.Sung(), uri)
}

func TestSpecialAddressesAreNotReached(t *testing.T) {
	here := []string{"127.0.0.1"} // some resolvers accept more spellings of an address than Go's
	withNames(t, map[string][]string{"127.1.": here, "0x7f.1.": here, "0x7f000001.": here, "2130706433.": here, "0177.0.0.1.": here, "127.0.0.1.": here})
	c := strangers()
	for _, uri := range canary.URLs("/") {
		requireRefused(t, c, uri)
		target, err := url.Parse(uri)
		require.NoError(t, err)
		if _, err := netip.ParseAddr(target.Hostname()); err == nil {
			_, err = c.Get(t.Context(), uri, "", 10)
			require.ErrorIs(t, err, fetch.ErrAddress, "it is refused before anything is sent: %s", uri)
		}
	}
	for _, uri := range []string{
		"https://127.0.0.1:" + canary.Port() + "/", "https://[::ffff:127.0.0.1]:" + canary.Port() + "/", "https://169.254.169.254/latest/meta-data/",
		"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "", "https://", "//127.0.0.1", "https://a@127.0.0.1:" + canary.Port(),
	} {
		_, err := c.Get(t.Context(), uri, "", 10)
		require.ErrorIs(t, err, fetch.ErrAddress, uri)
	}
	// An allowed address does not let others through.
	requireRefused(t, fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}), "http://127.0.0.1:"+canary.Port())
}

// The address that counts is the one that a name resolves to when the connection is made, however often it changes.
func TestNamesOfSpecialAddressesAreNotReached(t *testing.T) {
	answers := map[string][]string{
		"loopback.example.": {"127.0.0.1"}, "six.example.": {"::1"}, "mapped.example.": {"::ffff:127.0.0.1"}, "metadata.example.": {"169.254.169.254"},
		"both.example.": {"127.0.0.1", "::1", "10.0.0.1"},
	}
	withNames(t, answers)
	c := strangers()
	for name := range answers {
		for _, scheme := range []string{"https://", "http://"} {
			requireRefused(t, c, scheme+name+":"+canary.Port()+"/")
		}
		_, err := c.Get(t.Context(), "https://"+name+":"+canary.Port()+"/", "", 10)
		require.ErrorIs(t, err, fetch.ErrAddress, name)
	}
}

// withNames starts a DNS server for the names, which all lookups of the test use.
func withNames(t *testing.T, answers map[string][]string) {
	t.Helper()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			var message dnsmessage.Message
			if message.Unpack(buffer[:n]) != nil || len(message.Questions) != 1 {
				continue
			}
			message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
			question := message.Questions[0]
			for _, text := range answers[question.Name.String()] {
				header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1}
				switch address := netip.MustParseAddr(text); {
				case address.Is4() && question.Type == dnsmessage.TypeA:
					message.Answers = append(message.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: address.As4()}})
				case address.Is6() && question.Type == dnsmessage.TypeAAAA:
					message.Answers = append(message.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: address.As16()}})
				}
			}
			if packed, err := message.Pack(); err == nil {
				_, _ = server.WriteTo(packed, from)
			}
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
	})
}

// Redirects are not followed, not even between allowed addresses.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		for _, target := range []string{"https://127.0.0.1:" + canary.Port(), "http://127.0.0.1:" + canary.Port()} {
			s := httptest.NewServer(http.RedirectHandler(target, status))
			_, err := fetch.New(fetch.Config{Allow: loopback}).Get(t.Context(), s.URL, "", 10)
			require.ErrorIs(t, err, fetch.ErrAnswer, target)
			told, err := fetch.New(fetch.Config{Allow: loopback}).PostForm(t.Context(), s.URL, nil)
			require.NoError(t, err)
			require.Equal(t, status, told)
			require.Zero(t, canary.Sung(), target)
			s.Close()
		}
	}
}

// A canary that may be reached sings, and then the run of its package fails.
func TestCanarySings(t *testing.T) {
	other, err := fetchtest.NewCanary()
	require.NoError(t, err)
	defer other.Close()
	require.Zero(t, other.Main(func() int { return 0 }))
	require.Equal(t, 2, other.Main(func() int { return 2 }))
	_, err = fetch.New(fetch.Config{Allow: loopback}).Get(t.Context(), "http://127.0.0.1:"+other.Port()+"/", "", 10)
	require.Error(t, err, "the canary closes every connection")
	require.Eventually(t, func() bool { return other.Sung() > 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 1, other.Main(func() int { return 0 }))
	require.Equal(t, 2, other.Main(func() int { return 2 }))
}
