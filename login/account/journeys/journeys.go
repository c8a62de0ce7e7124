// Package journeys puts the journeys of an account together. It holds no rule.
package journeys

import (
	"cmp"
	"log/slog"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/account/operate"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/login/account/recovery"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/account/signin"
)

// Config is what New needs.
type Config struct {
	account.Config
	SignUp          account.SignUp // how people get an account; default account.SignUpClosed
	TellNewBrowsers bool           // mail the owner after a sign-in in a browser that the owner has never used
}

// Journeys are all journeys, and the rules that they share.
type Journeys struct {
	Rules    *account.Rules
	SignIn   *signin.Service
	Enrol    *enrol.Service
	Recovery *recovery.Service
	Arrive   *arrive.Service
	Self     *self.Service
	Operate  *operate.Service
	Port     *port.Service
}

// New returns the journeys, or an error that names what is missing or out of range.
func New(cfg Config) (*Journeys, error) {
	cfg.SignUp, cfg.Log = cmp.Or(cfg.SignUp, account.SignUpClosed), cmp.Or(cfg.Log, slog.Default())
	r, err := account.New(cfg.Config)
	if err != nil {
		return nil, err
	}
	return &Journeys{
		Rules: r,
		SignIn: signin.New(signin.Config{
			Store: cfg.Store, Audit: cfg.Audit, Notices: cfg.Notices, Attempts: r.Attempts, Passwords: r.Passwords, Factors: r.Factors,
			SignIns: r.SignIns, Browsers: r.Browsers, Links: r.Links, TellNewBrowsers: cfg.TellNewBrowsers,
		}),
		Enrol: enrol.New(enrol.Config{
			Store: cfg.Store, Audit: cfg.Audit, Notices: cfg.Notices, Attempts: r.Attempts, SignIns: r.SignIns, Links: r.Links,
			Enrolments: r.Enrolments, RecoveryCodes: r.RecoveryCodes,
		}),
		Recovery: recovery.New(recovery.Config{
			Store: cfg.Store, Audit: cfg.Audit, Notices: cfg.Notices, Attempts: r.Attempts, Codes: r.RecoveryCodes, SignIns: r.SignIns, Links: r.Links,
		}),
		Arrive: arrive.New(arrive.Config{
			Store: cfg.Store, Audit: cfg.Audit, Notices: cfg.Notices, Attempts: r.Attempts, Passwords: r.Passwords, SignIns: r.SignIns,
			Links: r.Links, SignUp: cfg.SignUp,
		}),
		Self: self.New(self.Config{
			Store: cfg.Store, Audit: cfg.Audit, Notices: cfg.Notices, Attempts: r.Attempts, Passwords: r.Passwords, SignIns: r.SignIns,
			Links: r.Links, Browsers: r.Browsers, Enrolments: r.Enrolments, RecoveryCodes: r.RecoveryCodes,
		}),
		Operate: operate.New(operate.Config{
			Store: cfg.Store, Audit: cfg.Audit, Notices: cfg.Notices, Attempts: r.Attempts, Passwords: r.Passwords, SignIns: r.SignIns,
			Links: r.Links, SignUp: cfg.SignUp,
		}),
		Port: port.New(port.Config{
			Store: cfg.Store, Audit: cfg.Audit, Passwords: r.Passwords, Hasher: cfg.Passwords, Links: r.Links, Issuer: cfg.Issuer, Log: cfg.Log,
		}),
	}, nil
}
