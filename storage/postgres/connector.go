package postgres

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

const (
	connectTimeout = 3 * time.Second // for each host, TLS and authentication included
	// answerGrace is how much longer an answer may take than the server's own limit.
	answerGrace = 5 * time.Second
)

// limits keep the server from waiting forever.
var limits = map[string]string{
	"statement_timeout":                   "10s",
	"lock_timeout":                        "8s",
	"idle_in_transaction_session_timeout": "30s",
}

// Connector makes connections to the hosts of one address. It implements [driver.Connector].
type Connector struct {
	cfg      pq.Config
	settings map[string]string // for a session that is not shared
	limit    time.Duration     // for an exchange whose context allows more time

	// first is the address that the next connection tries first: that of the latest connection, unless the server has fallen silent since.
	first atomic.Pointer[string]
	// silence is when a server was last found silent, in nanoseconds. A connection that last heard from its server before that is not
	// trusted.
	silence atomic.Int64

	mu      sync.Mutex
	servers map[string]*server // by address
}

// NewConnector returns a connector for a URL as libpq takes it. It adds limits that lib/pq does not have, unless the URL sets them. It
// returns an error if the URL is wrong.
func NewConnector(address string) (*Connector, error) {
	cfg, err := pq.NewConfig(address)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if len(cfg.Multi) > 0 && (cfg.TargetSessionAttrs == "" || cfg.TargetSessionAttrs == pq.TargetSessionAttrsAny) {
		cfg.TargetSessionAttrs = pq.TargetSessionAttrsReadWrite // a standby is useless
	}
	cfg.BinaryParameters = true // see unnamed
	settings := maps.Clone(limits)
	maps.DeleteFunc(settings, func(name, _ string) bool { return cfg.Runtime[name] != "" })
	// The statements are written for read committed, which may not be the role's default. The warning that the server did not wait for a
	// standby must arrive.
	settings["default_transaction_isolation"], settings["client_min_messages"] = "read committed", "warning"
	limit, err := answerLimit(cmp.Or(cfg.Runtime["statement_timeout"], limits["statement_timeout"]))
	if err != nil {
		return nil, err
	}
	return &Connector{cfg: cfg, settings: settings, limit: limit, servers: map[string]*server{}}, nil
}

// answerLimit returns how long to wait for an answer from a server with this statement_timeout. Zero turns off the server's limit, and so
// ours.
func answerLimit(statementTimeout string) (time.Duration, error) {
	units := map[string]time.Duration{
		"us": time.Microsecond, "": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}
	text := strings.TrimSpace(statementTimeout)
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	unit, known := units[strings.TrimSpace(text[len(number):])]
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || value < 0 {
		return 0, fmt.Errorf("statement_timeout %q is not a duration of PostgreSQL, such as 10s", statementTimeout)
	}
	if value == 0 {
		return 365 * 24 * time.Hour, nil
	}
	return time.Duration(value*float64(unit)) + answerGrace, nil
}

// Connect implements [driver.Connector]. Every error is an outage: whatever the reason, the database cannot be used.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := pq.NewConnectorConfig(c.config())
	if err != nil {
		return nil, err
	}
	d := &dialer{}
	inner.Dialer(d)
	made, err := inner.Connect(ctx)
	if err != nil {
		return nil, &outage{what: "connect to PostgreSQL", cause: err}
	}
	c.first.Store(&d.address)
	conn := &conn{Conn: made, connector: c, link: d.link, heard: time.Now()}
	conn.link.server = c.server(d.network, d.address)
	pq.SetNoticeHandler(made, conn.notice)
	start, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	if err := conn.startSession(start); err != nil {
		_ = conn.Close() // the first error matters more
		return nil, err
	}
	return conn, nil
}

// watchClient makes the server (PostgreSQL 14 or later) check during a statement whether the client is still connected, so that a statement
// that was given up while it waited for a lock does not take effect later. A commit that waits for a standby goes on.
const watchClient = `SELECT set_config(name, '250ms', false) FROM pg_settings WHERE name = 'client_connection_check_interval'`

// Driver implements [driver.Connector].
func (c *Connector) Driver() driver.Driver { return &pq.Driver{} }

// config returns the configuration in which the host that last accepted a connection comes first, so that a host that is gone for good
// costs its timeout only once.
func (c *Connector) config() pq.Config {
	cfg := c.cfg.Clone()
	first := c.first.Load()
	if first == nil || len(cfg.Multi) == 0 {
		return cfg
	}
	hosts := c.hosts()
	for i, host := range hosts {
		if dialed(host) == *first {
			hosts = append(hosts[i:len(hosts):len(hosts)], hosts[:i]...)
			break
		}
	}
	cfg.Host, cfg.Hostaddr, cfg.Port, cfg.Multi = hosts[0].Host, hosts[0].Hostaddr, hosts[0].Port, hosts[1:]
	return cfg
}

// hosts returns the hosts in the order of the URL.
func (c *Connector) hosts() []pq.ConfigMultihost {
	return append([]pq.ConfigMultihost{{Host: c.cfg.Host, Hostaddr: c.cfg.Hostaddr, Port: c.cfg.Port}}, c.cfg.Multi...)
}

// fellSilent records that the server at an address does not answer: connections that last heard from it before that are not trusted, and
// the next connection tries another host first.
func (c *Connector) fellSilent(address string, at time.Time) {
	c.silence.Store(at.UnixNano())
	first := c.first.Load()
	if first == nil || *first != address {
		return
	}
	hosts := c.hosts()
	for i, host := range hosts {
		if dialed(host) == address {
			next := dialed(hosts[(i+1)%len(hosts)])
			c.first.CompareAndSwap(first, &next)
			return
		}
	}
}

// dialed returns the address to which lib/pq connects for a host.
func dialed(host pq.ConfigMultihost) string {
	port := strconv.Itoa(int(host.Port))
	switch {
	case host.Hostaddr.IsValid():
		return net.JoinHostPort(host.Hostaddr.String(), port)
	case filepath.IsAbs(host.Host), strings.HasPrefix(host.Host, "@"):
		return filepath.Join(host.Host, ".s.PGSQL."+port)
	}
	return net.JoinHostPort(host.Host, port)
}

func (c *Connector) server(network, address string) *server {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.servers[address]
	if !ok {
		found = &server{network: network, address: address, connector: c}
		c.servers[address] = found
	}
	return found
}
