// Package decision owns what an authorization request needs next, in [Decide]: a sign-in, the person's consent, an answer. [Decide] is a pure
// function of stored facts. The authorization endpoint calls it, and so does the page on which a person decides about a device. The parameters that
// both read for it are parsed here as well.
//
// It leaves to its callers finding out the facts and acting on the verdict.
package decision

import (
	"time"

	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
)

// Action is what an authorization request needs next.
type Action int

// The actions.
const (
	Issue Action = iota
	SignIn
	Consent
	Deny
)

// Verdict is an action and its reason, which the log shows.
type Verdict struct {
	Action Action
	Reason string
}

// Request holds the facts about an authorization request from which its next step is decided.
type Request struct {
	Prompt    Prompts
	MaxAge    *time.Duration // nil: not asked for
	Hint      string         // sub of a verified id_token_hint; empty: there was no hint
	Asked     storage.Access
	SkipAsk   bool      // the client is the operator's own
	Unproven  bool      // the client cannot prove its identity (RFC 8252 section 8.6)
	StartedAt time.Time // of the flow; zero: there is no flow yet
	Denied    bool

	SignedIn    bool
	User        string
	Subject     string // by which the client knows the user
	AuthTime    time.Time
	Granted     storage.Access // what the user has granted to the client before
	ConsentedBy string         // the user who agreed within this flow; empty: nobody did
}

// Decide returns what the request needs next. It depends on r and now alone, and not on the page that the browser comes from: each time the browser
// comes back, everything is decided anew.
func Decide(r Request, now time.Time) Verdict {
	fresh := !r.StartedAt.IsZero() && r.AuthTime.After(r.StartedAt)
	switch {
	case r.Denied:
		return Verdict{Deny, "denied"}
	case !r.SignedIn:
		return Verdict{SignIn, "no_session"}
	case r.Hint != "" && r.Hint != r.Subject:
		return Verdict{SignIn, "id_token_hint"}
	case r.Prompt.Login && !fresh:
		return Verdict{SignIn, "prompt_login"}
	case r.Prompt.SelectAccount && !fresh:
		return Verdict{SignIn, "prompt_select_account"}
	case r.MaxAge != nil && !fresh && tooOld(r.AuthTime, *r.MaxAge, now):
		return Verdict{SignIn, "max_age"}
	}
	if r.ConsentedBy == r.User && scope.Covers(r.Granted, r.Asked) {
		return Verdict{Issue, "consented"}
	}
	switch {
	case r.Prompt.Consent:
		return Verdict{Consent, "prompt_consent"}
	case r.Unproven: // any program on the device could pretend to be this client, even if it is the operator's own
		return Verdict{Consent, "client_unproven"}
	case r.SkipAsk:
		return Verdict{Issue, "consent_not_asked"}
	case !scope.Covers(r.Granted, r.Asked):
		return Verdict{Consent, "access_missing"}
	}
	return Verdict{Issue, "remembered"}
}

// tooOld reports whether a sign-in is older than max_age allows. With max_age=0 every sign-in is too old, unless it was made for this request (OIDC
// Core section 3.1.2.1).
func tooOld(authTime time.Time, maxAge time.Duration, now time.Time) bool {
	return maxAge == 0 || now.Sub(authTime) > maxAge
}
