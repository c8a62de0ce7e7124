package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

const (
	// patience is how long to wait for an answer before asking the server for a sign of life on another connection.
	patience = 2 * time.Second

	keepAliveIdle     = 3 * time.Second
	keepAliveInterval = time.Second
	keepAliveCount    = 3
	// userTimeout is how long the system waits for sent data to be acknowledged.
	userTimeout = 6 * time.Second
)

// dialer makes one connection for lib/pq and remembers its link.
type dialer struct {
	network, address string
	link             *link
}

// DialContext implements pq.DialerContext. The context has the timeout for connecting, which also limits everything that lib/pq does on the
// link before the connection is ready.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.link != nil {
		d.link.fail(net.ErrClosed) // lib/pq has given up this link, and does not always close it
	}
	own := net.Dialer{
		Control:         setUserTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount},
	}
	made, err := own.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.network, d.address, d.link = network, address, &link{Conn: made}
	if deadline, ok := ctx.Deadline(); ok {
		d.link.begin(deadline)
	}
	return d.link, nil
}

// Dial implements pq.Dialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// link is the network connection below lib/pq and TLS. It knows whether anything was sent, and ends every exchange by its deadline. One
// goroutine uses it at a time.
type link struct {
	net.Conn
	server   *server // nil while lib/pq is connecting
	deadline time.Time
	sent     int64
	err      error // the first failure, which closes the link
}

// SetDeadline implements [net.Conn]. It does nothing, because begin sets the deadlines and lib/pq would clear them before a new connection
// is ready.
func (l *link) SetDeadline(time.Time) error { return nil }

// begin starts an exchange that ends by deadline.
func (l *link) begin(deadline time.Time) {
	l.deadline = deadline
	if err := errors.Join(l.Conn.SetWriteDeadline(deadline), l.await()); err != nil {
		l.fail(err)
	}
}

// await sets the time at which a read returns to check the deadline and the server.
func (l *link) await() error {
	look := time.Now().Add(patience)
	if l.deadline.Before(look) {
		look = l.deadline
	}
	return l.Conn.SetReadDeadline(look)
}

func (l *link) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.sent += int64(n)
	if err != nil {
		l.fail(err)
	}
	return n, err
}

func (l *link) Read(b []byte) (int, error) {
	for {
		n, err := l.Conn.Read(b)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && l.worthWaiting() {
			if err = l.await(); err == nil {
				continue
			}
		}
		if err != nil {
			l.fail(err)
		}
		return n, err
	}
}

// worthWaiting reports whether an answer may still come: there is time left, and the server is alive.
func (l *link) worthWaiting() bool {
	left := time.Until(l.deadline)
	if left < probeTimeout {
		return left > 0
	}
	return l.server == nil || l.server.answers()
}

func (l *link) fail(err error) {
	if l.err == nil {
		l.err = err
		_ = l.Conn.Close() // there is nothing left to lose
	}
}
