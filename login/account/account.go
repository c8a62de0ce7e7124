package account

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"

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
	// SiteURL is the base URL of the pages that mailed links open. Required; without a trailing slash.
	SiteURL string

	TOTP        otp.Parameters // of new authenticators; default otp.Default()
	StrictCodes bool           // accept codes of the current time step only, not of its neighbours
	MinPassword int            // minimum length of a new password, in characters; default 8, which is also the lowest value
	Lifetimes   Lifetimes
}

// SignUp says how people get an account.
type SignUp string

// The values of SignUp.
const (
	SignUpClosed SignUp = "closed" // operators create accounts and hand out the invitation links themselves
	SignUpInvite SignUp = "invite" // operators create accounts; invitation links are mailed
	SignUpOpen   SignUp = "open"   // anybody can create an account; invitation links are mailed
)

// Rules holds the rules that the journeys share. The Config of each journey lists the ones that it needs.
type Rules struct {
	Browsers      *Browsers
	Links         *Links
	Attempts      *Attempts
	Passwords     *Passwords
	Factors       Factors // of authenticators
	RecoveryCodes *RecoveryCodes
	SignIns       *SignIns
	Enrolments    *Enrolments
}

// New returns the rules, or an error that names what is missing or out of range.
func New(cfg Config) (*Rules, error) {
	if cfg.Store == nil || cfg.Audit == nil || cfg.Passwords == nil || cfg.Throttle == nil || cfg.Notices == nil {
		return nil, errors.New("account.New: Store, Audit, Passwords, Throttle and Notices are required")
	}
	if cfg.TOTP == (otp.Parameters{}) {
		cfg.TOTP = otp.Default()
	}
	if _, err := otp.URI(otp.NewKey(cfg.TOTP), cfg.Issuer, storage.NewID()); err != nil { // a user id is the longest name that must always fit
		return nil, fmt.Errorf("account.New: issuer or TOTP parameters: %w", err)
	}
	if !strings.Contains(cfg.SiteURL, "://") {
		return nil, errors.New("account.New: SiteURL is not an absolute address")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	totp := &TOTP{authenticators: cfg.Store.Authenticators, log: cfg.Log, window: 1}
	if cfg.StrictCodes {
		totp.window = 0
	}
	browsers := &Browsers{keyset: cfg.Store.Keyset()}
	return &Rules{
		Browsers: browsers,
		Links:    &Links{store: cfg.Store, audit: cfg.Audit, site: cfg.SiteURL},
		Attempts: &Attempts{Guard: cfg.Throttle, store: cfg.Store, audit: cfg.Audit, notices: cfg.Notices, browsers: browsers},
		Passwords: NewPasswords(PasswordsConfig{
			Store: cfg.Store, Hasher: cfg.Passwords, First: &StoredPassword{store: cfg.Store, hasher: cfg.Passwords, log: cfg.Log},
			Issuer: cfg.Issuer, Min: cfg.MinPassword,
		}),
		Factors:       Factors{totp},
		RecoveryCodes: &RecoveryCodes{codes: cfg.Store.RecoveryCodes, users: cfg.Store.Users},
		SignIns:       &SignIns{store: cfg.Store, audit: cfg.Audit, browsers: browsers, lifetimes: cfg.Lifetimes.withDefaults()},
		Enrolments:    &Enrolments{store: cfg.Store, audit: cfg.Audit, totp: totp, parameters: cfg.TOTP, issuer: cfg.Issuer},
	}, nil
}

// NewSecret returns 256 random bits in base64url, 43 characters.
func NewSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never returns an error: if it fails, crypto/rand crashes the program
	return base64.RawURLEncoding.EncodeToString(secret)
}
