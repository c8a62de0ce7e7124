// Package decision owns what an authorization request needs next, in [Decide]: a sign-in, the person's consent, an answer. It is a pure function of
// stored facts. The authorization endpoint asks it, and the page on which a person decides about a device; what both read of a request to ask it
// is here as well.
//
// What it leaves to others: finding out the facts, and doing what is decided.
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

// Verdict is an action and its reason. The log, metrics and the test table name reasons.
type Verdict struct {
	Action Action
	Reason string
}

// Request is what is known of an authorization request when its next step is decided.
type Request struct {
	Prompt    Prompts
	MaxAge    *time.Duration // nil: not asked for
	Hint      string         // sub of a verified id_token_hint; empty: there was no hint
	Asked     storage.Access
	SkipAsk   bool      // the client is the operator's own
	Unproven  bool      // the client cannot prove its identity (RFC 8252 section 8.6)
	StartedAt time.Time // of the flow; zero: this is the first look at the request
	Denied    bool

	SignedIn    bool
	User        string
	Subject     string // by which the client knows the user
	AuthTime    time.Time
	Granted     storage.Access // what the user has granted to the client earlier
	ConsentedBy string         // the user who agreed within this flow; empty: nobody did
}

// Decide returns what the request needs next. It reads nothing but r, so that the answer does not depend on the page the
// browser comes from: each time it comes back the whole question is asked again.
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
	case r.Unproven: // any program on the device could ask in the name of this client, so not even an operator's own is believed
		return Verdict{Consent, "client_unproven"}
	case r.SkipAsk:
		return Verdict{Issue, "consent_not_asked"}
	case !scope.Covers(r.Granted, r.Asked):
		return Verdict{Consent, "access_missing"}
	}
	return Verdict{Issue, "remembered"}
}

// tooOld reports whether a sign-in is older than max_age allows. With max_age=0 every sign-in is, unless it was made for this request
// (OIDC Core section 3.1.2.1).
func tooOld(authTime time.Time, maxAge time.Duration, now time.Time) bool {
	return maxAge == 0 || now.Sub(authTime) > maxAge
}
