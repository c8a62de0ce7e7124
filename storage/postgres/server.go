package postgres

import (
	"io"
	"net"
	"sync"
	"time"
)

const (
	probeTimeout = 3 * time.Second
	// probeAge is how long the result of a probe is used by the other connections that wait for the same server.
	probeAge = time.Second
)

// server is one address of PostgreSQL. Connections that wait for it share the probes that tell whether it is alive.
type server struct {
	network, address string
	connector        *Connector

	mu       sync.Mutex
	asked    time.Time
	answered bool
}

// answers reports whether the server answers on a new connection. It takes no longer than probeTimeout, however many connections call it.
func (s *server) answers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.asked) > probeAge {
		s.answered = probe(s.network, s.address) == nil
		s.asked = time.Now()
		if !s.answered {
			s.connector.fellSilent(s.address, s.asked)
		}
	}
	return s.answered
}

// sslRequest asks whether the server supports TLS. It needs no account and leaves nothing in the server's log. Any answer is a sign of
// life.
//
// https://www.postgresql.org/docs/current/protocol-message-formats.html
var sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

func probe(network, address string) error {
	conn, err := net.DialTimeout(network, address, probeTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(probeTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(sslRequest); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	return err
}
