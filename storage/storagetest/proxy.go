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

// Weather is what a Proxy does with what it is given.
type Weather int

// The kinds of weather.
const (
	Clear     Weather = iota // everything passes
	Frozen                   // everything is kept, to pass later
	BlackHole                // everything vanishes, and a connection from which something vanished is never heard of again
	Cut                      // connections are closed, new ones as soon as they are made
	Mute                     // connections are made, and statements vanish
)

// Proxy is the network between stores and a PostgreSQL server. It needs no rights: it is a listener on the loopback interface.
type Proxy struct {
	listener net.Listener
	network  string // of the server
	address  string
	running  sync.WaitGroup

	mu      sync.Mutex
	weather Weather
	changed chan struct{} // closed at each change of the weather
	delay   time.Duration
	conns   map[*proxied]struct{}
	cancels int

	left int // statements until the one whose answer is lost; 0: none is
}

// NewProxy returns a proxy in front of the server of db until the end of the test.
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

// Through returns db as it is reached through the proxies, each of which is a host of the address.
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

// With returns db with parameters of the address, names and values in turn.
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

// Forget makes the connections of now vanish, as when a firewall between forgets them. New connections are not affected.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.lost = true
	}
}

// Slow delays everything that passes.
func (p *Proxy) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// LoseAnswer closes the connection after the server has executed the n-th statement from now, counted from 1, and before its answer.
// The beginning and the end of a transaction count as statements; preparing and pinging do not.
func (p *Proxy) LoseAnswer(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n
}

// Pending reports whether the statement whose answer shall be lost has not come yet.
func (p *Proxy) Pending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left > 0
}

// Cancels returns how many requests to cancel a statement there were.
func (p *Proxy) Cancels() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cancels
}
