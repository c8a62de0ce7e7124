package account

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs.
type Config struct {
	Store     *storage.Store   // required
	Audit     *audit.Log       // required
	Passwords *password.Hasher // required
	Throttle  *throttle.Guard  // required
	Notices   Notices          // required
	Log       *slog.Logger     // alarms about damaged rows; default slog.Default()

	// Issuer names the service in authenticator apps. Required; no colon.
	Issuer string
	// SiteURL is the absolute address below which the pages are that mailed links lead to. Required; no slash at its end.
	SiteURL string
	// Registration says how people get an account; default RegistrationClosed.
	Registration Registration

	TOTP        otp.Parameters // of new authenticators; default otp.Default()
	StrictCodes bool           // accept the code of the present time step only, not of its neighbours
	// TellNewBrowsers mails the owner when somebody signs in in a browser that this person never used.
	TellNewBrowsers bool
	MinPassword     int // characters of a new password; default and least 8
	Lifetimes       Lifetimes
}

// Registration says how people get an account.
type Registration string

const (
	// RegistrationClosed: operators make accounts and hand the invitation links over.
	RegistrationClosed Registration = "closed"
	// RegistrationInvite: operators make accounts, and the invitation links are mailed.
	RegistrationInvite Registration = "invite"
	// RegistrationOpen: anybody can make an account; invitation links are mailed too.
	RegistrationOpen Registration = "open"
)

// Lifetimes say how long sign-ins last. Zero fields have their defaults.
type Lifetimes struct {
	HalfDone time.Duration // from the right password to the right code; default 5 min
	Idle     time.Duration // a session without use; default 1 h
	Absolute time.Duration // a session; default 24 h
	Remember time.Duration // a session of somebody who asked to stay signed in; 0: not offered
}

const (
	enrolmentLife  = 10 * time.Minute
	invitationLife = 72 * time.Hour
	verifyLife     = 72 * time.Hour // of a link that proves an e-mail address
	resetLife      = 30 * time.Minute
	disownLife     = 7 * 24 * time.Hour // of a link "this was not me"
	deviceLife     = 90 * 24 * time.Hour
	// halfDoneLimit is how many half-done sign-ins of one account there may be before a browser that nobody knows has to wait: somebody
	// with the password alone must not be able to fill the table.
	halfDoneLimit = 100
	// recoveredLife is how long after a recovery code a new authenticator may be enrolled.
	recoveredLife = 10 * time.Minute
	// mustEnrolLife is how long after the last recovery code a new authenticator may be enrolled. It is longer, because whoever is late has
	// to ask an operator.
	mustEnrolLife = time.Hour
	// driftSearched is how far the code of a wrong clock is looked for, on each side.
	driftSearched = 10 * time.Minute
)

// Service carries out the operations on accounts. Its methods may be called from many goroutines at once.
type Service struct {
	cfg       Config
	store     *storage.Store
	audit     *audit.Log
	passwords *password.Hasher
	throttle  *throttle.Guard
	notices   Notices
	log       *slog.Logger
	window    int
}

// New returns a Service or an error that names what is missing or out of range.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Audit == nil || cfg.Passwords == nil || cfg.Throttle == nil || cfg.Notices == nil {
		return nil, errors.New("account.New: Store, Audit, Passwords, Throttle and Notices are required")
	}
	if cfg.TOTP == (otp.Parameters{}) {
		cfg.TOTP = otp.Default()
	}
	if _, err := otp.URI(otp.NewKey(cfg.TOTP), cfg.Issuer, storage.NewID()); err != nil { // the id is the longest of the names that always fit
		return nil, fmt.Errorf("account.New: issuer or TOTP parameters: %w", err)
	}
	if !strings.Contains(cfg.SiteURL, "://") {
		return nil, errors.New("account.New: SiteURL is not an absolute address")
	}
	if cfg.Registration == "" {
		cfg.Registration = RegistrationClosed
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.MinPassword = max(cfg.MinPassword, 8)
	cfg.Lifetimes = cfg.Lifetimes.withDefaults()
	s := &Service{
		cfg: cfg, store: cfg.Store, audit: cfg.Audit, passwords: cfg.Passwords, throttle: cfg.Throttle, notices: cfg.Notices,
		log: cfg.Log, window: 1,
	}
	if cfg.StrictCodes {
		s.window = 0
	}
	return s, nil
}

func (l Lifetimes) withDefaults() Lifetimes {
	if l.HalfDone == 0 {
		l.HalfDone = 5 * time.Minute
	}
	if l.Idle == 0 {
		l.Idle = time.Hour
	}
	if l.Absolute == 0 {
		l.Absolute = 24 * time.Hour
	}
	return l
}

// Open reports whether anybody can make an account.
func (s *Service) Open() bool { return s.cfg.Registration == RegistrationOpen }

// MinPassword returns the least number of characters of a new password.
func (s *Service) MinPassword() int { return s.cfg.MinPassword }

// Visitor is the browser that a person's request came from.
type Visitor struct {
	Address netip.Addr // of the client; zero when it is not known
	Browser string     // what the list of sessions calls it, such as "Firefox on Linux"
	Device  string     // value of the device cookie, whatever the browser sent
	Flow    string     // id of the authorize request in progress to which a link mailed on the way leads back; empty for none
}

// event returns an audit entry about what a person in a browser did.
func (v Visitor) event(name audit.Name, userID string) audit.Event {
	return audit.Person(v.Address, v.Browser).Event(name, userID)
}

// HalfCookie is what a browser shows to go on with a half-done sign-in: the secret it was given, and the secret by which
// the browser itself is known, so that neither is of use in another browser.
type HalfCookie struct {
	Secret  string
	Browser string
}

func (c HalfCookie) hash() []byte { return storage.Hash(c.Secret + "." + c.Browser) }

// Done is a completed sign-in.
type Done struct {
	Session  string // value of the session cookie
	Remember bool   // the person asked to stay signed in, and it is offered
	Device   string // value of the device cookie
	Left     int    // recovery codes left; only after one was used
	// Held says that the session is worth nothing until ChooseNewPassword, because somebody else has the password.
	Held bool
	// MustEnrol says that the session is worth nothing until a new authenticator is enrolled.
	MustEnrol bool
}

// newSecret returns 256 random bits in base64url, 43 characters.
func newSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(secret)
}
