package mailtest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// patience is how long Wait waits for a message.
const patience = 30 * time.Second

// Security is how connections to the server are encrypted.
type Security int

// The kinds of Security.
const (
	Plain    Security = iota // not at all
	STARTTLS                 // after the command STARTTLS; no message is accepted before it
	TLS                      // from the first byte: smtps
)

// Config configures StartWith. The zero value means a server that accepts everything, without encryption.
type Config struct {
	Security Security
	// Host is the name in the certificate; default localhost.
	Host string
	// User and Password, if set, are required of clients.
	User, Password string
	// Token, if set, is required by XOAUTH2 instead of Password.
	Token string
	// ASCII makes the server refuse addresses that are not in ASCII: it does not offer SMTPUTF8 (RFC 6531).
	ASCII bool
}

// Stage is a moment of a delivery at which the server can be made to fail.
type Stage int

// The moments in their order.
const (
	Greeting  Stage = iota // a client has connected
	Sender                 // MAIL FROM
	Recipient              // RCPT TO
	Content                // the message was read but not yet accepted
	never
)

// Server is an SMTP server on a port of the loopback address.
type Server struct {
	t       testing.TB
	config  Config
	address string
	tls     *tls.Config
	roots   *x509.CertPool
	outside chan func() // run by a goroutine outside of synctest bubbles, whoever calls

	mu       sync.Mutex
	running  *smtp.Server // nil when stopped
	stage    Stage
	code     int // reply at the stage; 0 hangs
	left     int // failures still to come; negative for an unlimited number
	hanging  chan struct{}
	received []Message
	taken    map[int]bool  // the messages of received that Wait has returned
	arrived  chan struct{} // closed at the next message
	sessions int
}

// Start runs a server that accepts everything, without encryption, until the end of the test.
func Start(t testing.TB) *Server { return StartWith(t, Config{}) }

// StartWith runs a server until the end of the test.
func StartWith(t testing.TB, config Config) *Server {
	t.Helper()
	if config.Host == "" {
		config.Host = "localhost"
	}
	s := &Server{
		t: t, config: config, address: "127.0.0.1:0", stage: never, hanging: make(chan struct{}),
		taken: map[int]bool{}, arrived: make(chan struct{}), outside: make(chan func()),
	}
	go func() {
		for do := range s.outside {
			do()
		}
	}()
	if config.Security != Plain {
		s.tls, s.roots = newCertificate(t, config.Host)
	}
	s.Restart()
	t.Cleanup(func() {
		s.Stop()
		close(s.outside)
	})
	return s
}

// do runs f outside the bubble of the caller and returns when f has returned.
func (s *Server) do(f func()) {
	s.outside <- f
	s.outside <- func() {}
}

// URL returns the value for the setting smtp.url, with user and password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.address}
	if s.config.Security == TLS {
		u.Scheme = "smtps"
	}
	if s.config.User != "" {
		u.User = url.UserPassword(s.config.User, s.config.Password)
		if s.config.Token != "" {
			u.User = url.User(s.config.User)
		}
	}
	return u.String()
}

// Address returns the host and port on which the server listens.
func (s *Server) Address() string { return s.address }

// Roots returns the CAs to trust for the server's certificate, or nil without TLS.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Stop ends all connections and frees the port: further connections are refused.
func (s *Server) Stop() { s.do(s.stop) }

func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	close(s.hanging)
	s.hanging = make(chan struct{})
	_ = s.running.Close() // the errors do not matter
	s.running = nil
}

// Restart listens again on the same port after Stop.
func (s *Server) Restart() {
	s.t.Helper()
	var err error
	s.do(func() { err = s.start() })
	require.NoError(s.t, err)
}

func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(s.newSession))
	server.Domain, server.AllowInsecureAuth, server.EnableSMTPUTF8 = s.config.Host, s.config.Security == Plain, !s.config.ASCII
	server.ErrorLog = log.New(io.Discard, "", 0)
	if s.config.Security == STARTTLS {
		server.TLSConfig = s.tls
	}
	s.running = server
	var accepting net.Listener = &greeter{listener, s}
	if s.config.Security == TLS {
		accepting = tls.NewListener(accepting, s.tls)
	}
	go func() { _ = server.Serve(accepting) }() // until Stop
	return nil
}

// Refuse makes the server reply with a code, such as 450, at a stage from now on.
func (s *Server) Refuse(at Stage, code int) { s.fail(at, code, -1) }

// RefuseOnce makes the server reply with a code at a stage the next n times.
func (s *Server) RefuseOnce(at Stage, code, n int) { s.fail(at, code, n) }

// Hang makes the server not reply at a stage from now on, until Stop.
func (s *Server) Hang(at Stage) { s.fail(at, 0, -1) }

// Accept makes the server accept everything again.
func (s *Server) Accept() { s.fail(never, 0, 0) }

func (s *Server) fail(at Stage, code, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stage, s.code, s.left = at, code, times
}

// Sessions returns the number of connections that have got a greeting.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Messages returns all accepted messages, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.received...)
}

// Wait returns the first message to an address that no Wait has returned yet. The test fails if none comes within 30 seconds.
func (s *Server) Wait(t testing.TB, to string) Message {
	t.Helper()
	deadline := time.After(patience)
	for {
		m, arrived, found := s.take(to)
		if found {
			return m
		}
		select {
		case <-arrived:
		case <-deadline:
			require.FailNow(t, "no mail", "to %s; there were %d messages to others or read before", to, len(s.Messages()))
		}
	}
}

func (s *Server) take(to string) (Message, <-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.received {
		if m.To == to && !s.taken[i] {
			s.taken[i] = true
			return m, nil, true
		}
	}
	return Message{}, s.arrived, false
}

func (s *Server) accept(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// at does what was configured for a stage: nothing, a reply, or waiting until Stop.
func (s *Server) at(stage Stage) error {
	s.mu.Lock()
	if s.stage != stage || s.left == 0 {
		s.mu.Unlock()
		return nil
	}
	s.left--
	code, hanging := s.code, s.hanging
	s.mu.Unlock()
	if code == 0 {
		<-hanging
		code = 421
	}
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: "<ada@example.test> says no"}
}
