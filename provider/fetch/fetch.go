package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Config says which CAs fetches trust and which addresses they may reach. Its zero value trusts the system's roots and reaches public addresses alone.
type Config struct {
	// Roots are the only CAs trusted for the certificates of servers; nil: those of the system.
	Roots *x509.CertPool
	// Allow lists addresses that may be reached although they are not public, such as 10.1.0.0/16.
	Allow []netip.Prefix
}

// timeout is the limit of a whole fetch, from resolving the name to the last byte.
const timeout = 5 * time.Second

var (
	// ErrAddress says that requests to the address, or to the URI, are not allowed.
	ErrAddress = errors.New("address is not allowed for outgoing requests")
	// ErrTime says that the whole answer did not arrive in time. A caller whose own context has ended gets the error of that context instead.
	ErrTime = errors.New("no answer in time")
	// ErrAnswer says that the status of the answer is not 200, or that the answer is too long.
	ErrAnswer = errors.New("answer cannot be used")
)

// Client sends requests. Its methods are safe for concurrent use.
type Client struct {
	http  *http.Client
	allow []netip.Prefix
}

// New returns a Client.
func New(cfg Config) *Client {
	c := &Client{allow: cfg.Allow}
	dialer := &net.Dialer{Timeout: timeout, Control: c.control}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 16 << 10, DisableKeepAlives: true, TLSHandshakeTimeout: timeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// control checks the address that a name was resolved to, before a connection is made.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !c.allowed(target.Addr().Unmap().WithZone("")) {
		return ErrAddress
	}
	return nil
}

func (c *Client) allowed(address netip.Addr) bool {
	return Public(address) || slices.ContainsFunc(c.allow, func(p netip.Prefix) bool { return p.Contains(address) })
}

// special lists special-purpose address blocks that net/netip has no method for (RFC 6890 and its registries).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared between a provider and its customers; metadata services of clouds live here too
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), // IPv4-compatible; below are other IPv6 addresses that contain an IPv4 one: translated, NAT64 and 6to4
	netip.MustParsePrefix("::ffff:0:0:0/96"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"), // site-local, now deprecated (RFC 3879)
}

// Public reports whether an address can be reached by everybody, which excludes private and special-purpose ones (RFC 6890).
func Public(address netip.Addr) bool {
	return address.IsGlobalUnicast() && !address.IsPrivate() &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(address) })
}

// Get returns the body at uri, of at most limit bytes. accept is the header of that name. uri must be https, or http to a host whose addresses are
// all in [Config.Allow]. Errors: [ErrAddress], [ErrTime], [ErrAnswer], and those of the network and of ctx.
func (c *Client) Get(ctx context.Context, uri, accept string, limit int64) ([]byte, error) {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := c.get(within, uri, accept, limit)
	return body, judge(ctx, err)
}

func (c *Client) get(ctx context.Context, uri, accept string, limit int64) ([]byte, error) {
	request, err := c.request(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrAnswer, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("%w: longer than %d bytes", ErrAnswer, limit)
	}
	return body, err
}

// PostForm posts a form to uri and returns the status of the answer, whose body it does not read. Errors: those of [Client.Get], except that every
// status is accepted.
func (c *Client) PostForm(ctx context.Context, uri string, form url.Values) (status int, err error) {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	status, err = c.postForm(within, uri, form)
	return status, judge(ctx, err)
}

func (c *Client) postForm(ctx context.Context, uri string, form url.Values) (status int, err error) {
	request, err := c.request(ctx, http.MethodPost, uri, []byte(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// request makes a request. It refuses a URI that is not an http or https URL with a host, and http to a host whose addresses are not all allowed.
func (c *Client) request(ctx context.Context, method, uri string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, uri, bytes.NewReader(body))
	if err != nil || request.URL.Host == "" || request.URL.User != nil {
		return nil, ErrAddress
	}
	request.Header.Set("User-Agent", "Postern")
	switch request.URL.Scheme {
	case "https":
		return request, nil
	case "http":
		if len(c.allow) > 0 && c.resolvesToAllowed(ctx, request.URL.Hostname()) {
			return request, nil
		}
	}
	return nil, ErrAddress
}

// resolvesToAllowed reports whether every address of a host is on the operator's list.
func (c *Client) resolvesToAllowed(ctx context.Context, host string) bool {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err == nil && !slices.ContainsFunc(addresses, func(a netip.Addr) bool {
		return !slices.ContainsFunc(c.allow, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
	})
}

// judge turns an error into those that [Client.Get] promises. ctx is the context of the caller. It removes the URL, whose query may contain secrets,
// from an error of net/http.
func judge(ctx context.Context, err error) error {
	var failed *url.Error
	var network net.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ErrTime
	case errors.As(err, &failed):
		return failed.Err
	}
	return err
}
