package mailtest

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// greeter accepts connections for the server. If the server has to fail at the greeting, it lets the client wait or sends it a refusal.
type greeter struct {
	net.Listener
	server *Server
}

// Accept implements net.Listener.
func (g *greeter) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g.server.mu.Lock()
		fails := g.server.stage == Greeting && g.server.left != 0
		if !fails {
			g.server.sessions++
		}
		g.server.mu.Unlock()
		if !fails {
			return conn, nil
		}
		go func() {
			defer conn.Close()
			var refused *smtp.SMTPError
			if errors.As(g.server.at(Greeting), &refused) {
				fmt.Fprintf(conn, "%d %s\r\n", refused.Code, refused.Message)
			}
		}()
	}
}

// session is the session of one client.
type session struct {
	server   *Server
	conn     *smtp.Conn
	signedIn bool
	from, to string
}

func (s *Server) newSession(conn *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, conn: conn}, nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.config.User == "" {
		return nil
	}
	if s.server.config.Token != "" {
		return []string{"XOAUTH2"}
	}
	return []string{sasl.Plain}
}

// xoauth2 is the server's side of Google's XOAUTH2. A wrong token is answered with a challenge that says why, and the client's empty answer
// to it with a refusal.
type xoauth2 struct {
	session *session
	refused bool
}

// Next implements sasl.Server.
func (x *xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	config := x.session.server.config
	switch {
	case x.refused:
		return nil, true, smtp.ErrAuthFailed
	case string(response) != "user="+config.User+"\x01auth=Bearer "+config.Token+"\x01\x01":
		x.refused = true
		return []byte(`{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`), false, nil
	}
	x.session.signedIn = true
	return nil, true, nil
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	if s.server.config.Token != "" {
		return &xoauth2{session: s}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.config.User || password != s.server.config.Password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if _, encrypted := s.conn.TLSConnectionState(); !encrypted && s.server.config.Security == STARTTLS {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	}
	if s.server.config.User != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return s.server.at(Sender)
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.server.at(Recipient)
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.server.at(Content); err != nil {
		return err
	}
	m, err := read(raw)
	if err != nil {
		s.server.t.Errorf("a message that cannot be read: %v\n%s", err, raw)
		return err
	}
	m.From, m.To = s.from, s.to
	s.server.accept(m)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

var _ smtp.AuthSession = (*session)(nil)
