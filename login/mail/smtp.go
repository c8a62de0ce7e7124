package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail/smtp"

	"github.com/postern-id/postern/storage"
)

// SMTPConfig is what NewSMTP needs.
type SMTPConfig struct {
	// URL is smtp://USER:PASSWORD@HOST:PORT or smtps://…; the default ports are 587 and 465. Required.
	URL string
	// TLS is the encryption that smtp:// requires if the server is not on this machine; default TLSRequired.
	TLS TLS
	// Token, unless nil, is used to sign in the user of the URL by XOAUTH2 instead of a password.
	Token Token
	// From is the sender's address, with or without a name in front. Required.
	From string
	// Issuer is the URL of this service. Its host appears in Message-IDs and in the greeting. Required.
	Issuer string
	// Roots are the CAs trusted for the server's certificate; default those of the system.
	Roots *x509.CertPool
	// Dial opens connections; default net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Patience is how long the server may take to accept a connection, and then each message; default 30 s.
	Patience time.Duration
}

// TLS is the encryption that is required if the URL begins with smtp://.
type TLS string

const (
	// TLSRequired refuses a server without STARTTLS and a valid certificate.
	TLSRequired TLS = "required"
	// TLSOpportunistic encrypts where STARTTLS is offered, with any certificate: anyone on the path can read and change everything.
	TLSOpportunistic TLS = "opportunistic"
	// TLSNone does not encrypt.
	TLSNone TLS = "none"
)

// SMTP hands messages to one mail server.
type SMTP struct {
	host, address  string
	security       security
	user, password string
	token          Token // nil to use a password
	from           *mail.Address
	domain         string
	roots          *x509.CertPool
	dialTCP        func(ctx context.Context, network, address string) (net.Conn, error)
	patience       time.Duration
}

// security is how a connection is encrypted.
type security int

const (
	startTLS      security = iota // RFC 3207; a server without it is refused
	implicitTLS                   // RFC 8314 section 3.3
	plain                         // to a server on this machine, or because the configuration says so
	opportunistic                 // RFC 7435: STARTTLS where it is offered, with any certificate
)

// NewSMTP checks the configuration. It does not connect to the server.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("mail.NewSMTP: URL is not one of a mail server") // the cause would quote the password
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("mail.NewSMTP: From: %w", err)
	}
	sender, ok := storage.MailAddress(from.Address)
	if !ok {
		return nil, errors.New("mail.NewSMTP: From has an invalid domain")
	}
	from.Address = sender
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil || issuer.Hostname() == "" {
		return nil, errors.New("mail.NewSMTP: Issuer is not an absolute URL")
	}
	s := &SMTP{
		host: u.Hostname(), user: u.User.Username(), from: from, domain: domain(issuer.Hostname()),
		token: cfg.Token, roots: cfg.Roots, dialTCP: cfg.Dial, patience: cmp.Or(cfg.Patience, 30*time.Second),
	}
	s.password, _ = u.User.Password()
	if s.dialTCP == nil {
		s.dialTCP = new(net.Dialer).DialContext
	}
	port := "587"
	switch {
	case u.Scheme == "smtps":
		s.security, port = implicitTLS, "465"
	case cfg.TLS == TLSNone:
		s.security, port = plain, "25"
	case cfg.TLS == TLSOpportunistic:
		s.security, port = opportunistic, "25"
	case isLoopback(s.host):
		s.security, port = plain, "25"
	}
	if s.token != nil && (s.user == "" || cmp.Or(cfg.TLS, TLSRequired) != TLSRequired) {
		return nil, errors.New("mail.NewSMTP: a token needs the user of the mailbox in the URL, and TLS")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	s.address = net.JoinHostPort(s.host, port)
	return s, nil
}

// domain returns a host as RFC 5321 section 4.1.3 writes it.
func domain(host string) string {
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case addr.Is4():
		return "[" + host + "]"
	}
	return "[IPv6:" + host + "]"
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// connection is a connection to the server that is ready to send messages.
type connection struct {
	net.Conn
	server *SMTP
	client *smtp.Client
}

// dial connects, encrypts and signs in. The connection ends with ctx.
func (s *SMTP) dial(ctx context.Context) (*connection, error) {
	timed, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	conn, err := s.dialTCP(timed, "tcp", s.address)
	if err != nil {
		return nil, failed(err, "could not be reached")
	}
	c := &connection{Conn: conn, server: s}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := c.open(timed); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *connection) open(ctx context.Context) error {
	s, conn := c.server, c.Conn
	if err := conn.SetDeadline(time.Now().Add(s.patience)); err != nil {
		return failed(err, "ended the connection")
	}
	config := &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	if s.security == implicitTLS {
		encrypted := tls.Client(conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return failed(err, "failed in TLS")
		}
		conn = encrypted
	}
	var err error
	if c.client, err = smtp.NewClient(conn, s.host); err != nil {
		return failed(err, "failed in its greeting")
	}
	if err := c.client.Hello(s.domain); err != nil {
		return failed(err, "failed in its greeting")
	}
	if err := c.startTLS(config); err != nil {
		return err
	}
	return c.signIn(ctx)
}

// startTLS encrypts the connection where that is required or offered.
func (c *connection) startTLS(config *tls.Config) error {
	offered, _ := c.client.Extension("STARTTLS")
	switch security := c.server.security; {
	case security == startTLS && !offered:
		return &failure{what: "does not offer STARTTLS", server: true}
	case security == opportunistic && offered:
		config.InsecureSkipVerify = true //nolint:gosec // smtp.tls says so, and the start of Postern warns of it
	case security != startTLS:
		return nil
	}
	if err := c.client.StartTLS(config); err != nil {
		return failed(err, "failed in TLS")
	}
	return nil
}

// signIn sends user and password or token. By then the server's certificate was checked, unless the server is on this machine or the
// configuration does not require it.
func (c *connection) signIn(ctx context.Context) error {
	s := c.server
	if s.user == "" {
		return nil
	}
	_, offered := c.client.Extension("AUTH")
	unencrypted := s.security == plain || s.security == opportunistic
	var method smtp.Auth
	switch offers := strings.Fields(offered); {
	case s.token != nil && !slices.Contains(offers, "XOAUTH2"):
		return &failure{what: "offers no sign-in by XOAUTH2", server: true}
	case s.token != nil:
		token, err := s.token(ctx)
		if err != nil {
			return err
		}
		method = smtp.XOAuth2Auth(s.user, token)
	case slices.Contains(offers, "PLAIN"):
		method = smtp.PlainAuth("", s.user, s.password, s.host, unencrypted)
	case slices.Contains(offers, "LOGIN"):
		method = smtp.LoginAuth(s.user, s.password, s.host, unencrypted)
	default:
		return &failure{what: "offers no sign-in by password", server: true}
	}
	if err := c.client.Auth(method); err != nil {
		return failed(err, "refused the sign-in")
	}
	return nil
}

// send sends one message. A nil error means that the server has accepted it.
func (c *connection) send(recipient string, content io.WriterTo) error {
	if err := c.SetDeadline(time.Now().Add(c.server.patience)); err != nil {
		return failed(err, "ended the connection")
	}
	recipient, _ = storage.MailAddress(recipient) // compose has checked the address
	if utf8, _ := c.client.Extension("SMTPUTF8"); !utf8 && !isASCII(recipient) {
		return &failure{what: "takes no address that is not in ASCII", message: true, permanent: true}
	}
	if err := c.client.Mail("<" + c.server.from.Address + ">"); err != nil {
		return failed(err, "refused the sender")
	}
	if err := c.client.Rcpt("<" + recipient + ">"); err != nil {
		return refused(err, "refused the recipient")
	}
	data, err := c.client.Data()
	if err != nil {
		return refused(err, "refused the content")
	}
	if _, err := content.WriteTo(data); err != nil {
		return interrupted(err)
	}
	if err := data.Close(); err != nil {
		return interrupted(err)
	}
	return nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// reset makes the connection ready for another message after a refused one.
func (c *connection) reset() error { return c.client.Reset() }

// quit ends the connection with QUIT; it does not wait for a reply.
func (c *connection) quit() {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_ = c.client.Quit()
	_ = c.Close()
}
