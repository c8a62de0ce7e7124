package storagetest

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Weather is what a [Proxy] does with the data that it gets.
type Weather int

// The kinds of weather.
const (
	Clear     Weather = iota // everything passes
	Frozen                   // everything is held back until the weather changes
	BlackHole                // everything vanishes, and a connection that has lost something stays silent for good
	Cut                      // connections are closed, new ones immediately
	Mute                     // connections can be made, but statements vanish
)

// Proxy is the network between stores and a PostgreSQL server. It is a listener on the loopback interface, so it needs no privileges.
type Proxy struct {
	listener net.Listener
	network  string // of the server
	address  string
	running  sync.WaitGroup

	mu      sync.Mutex
	weather Weather
	changed chan struct{} // closed whenever the weather changes
	delay   time.Duration
	conns   map[*proxied]struct{}
	cancels int

	left int // statements until the one whose answer is lost; 0: no answer is lost
}

// NewProxy returns a proxy in front of the server of db, which ends with the test.
func NewProxy(t testing.TB, db *Database) *Proxy {
	t.Helper()
	address, err := url.Parse(db.URL)
	require.NoError(t, err)
	p := &Proxy{changed: make(chan struct{}), conns: map[*proxied]struct{}{}}
	p.network, p.address = serverOf(address)
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.running.Go(p.accept)
	t.Cleanup(func() {
		require.NoError(t, p.listener.Close())
		p.Set(Cut)
		p.running.Wait()
	})
	return p
}

func serverOf(address *url.URL) (network, dialed string) {
	host, port := address.Hostname(), address.Port()
	if value := address.Query().Get("host"); value != "" {
		host = value
	}
	if value := address.Query().Get("port"); value != "" {
		port = value
	}
	if port == "" {
		port = "5432"
	}
	if strings.HasPrefix(host, "/") {
		return "unix", filepath.Join(host, ".s.PGSQL."+port)
	}
	return "tcp", net.JoinHostPort(host, port)
}

// Through returns db with a URL that has each of the proxies as a host.
func (d *Database) Through(t testing.TB, proxies ...*Proxy) *Database {
	t.Helper()
	var hosts, ports []string
	for _, p := range proxies {
		host, port, err := net.SplitHostPort(p.listener.Addr().String())
		require.NoError(t, err)
		hosts, ports = append(hosts, host), append(ports, port)
	}
	through := *d
	through.URL = d.With(t, "host", strings.Join(hosts, ","), "port", strings.Join(ports, ",")).URL
	return &through
}

// With returns db with additional parameters in its URL, given as alternating names and values.
func (d *Database) With(t testing.TB, parameters ...string) *Database {
	t.Helper()
	address, err := url.Parse(d.URL)
	require.NoError(t, err)
	query := address.Query()
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	address.Host, address.RawQuery = "", query.Encode()
	with := *d
	with.URL = address.String()
	return &with
}

// Set changes the weather.
func (p *Proxy) Set(w Weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
	close(p.changed)
	p.changed = make(chan struct{})
	if w != Cut {
		return
	}
	for c := range p.conns {
		c.close()
	}
}

// Forget makes all data on the present connections vanish, as if a firewall had forgotten them. New connections are not affected.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.lost = true
	}
}

// Slow delays all data by delay.
func (p *Proxy) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// LoseAnswer closes the connection after the server has executed the n-th statement from now on, before the answer arrives. The count
// starts at 1. The beginning and the end of a transaction count as statements; preparing and pinging do not.
func (p *Proxy) LoseAnswer(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n
}

// Pending reports whether the statement whose answer is to be lost is still to come.
func (p *Proxy) Pending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left > 0
}

// Cancels returns how many cancel requests there were.
func (p *Proxy) Cancels() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cancels
}
