package provider

import (
	"time"

	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
)

// action is what an authorize request needs next.
type action int

const (
	issue action = iota
	signIn
	consent
	deny
)

// verdict is an action and why: the name stands in the log, in metrics and in the test table.
type verdict struct {
	action action
	reason string
}

// visit is what is known of an authorize request when its next step is decided.
type visit struct {
	prompt    prompts
	maxAge    *time.Duration // nil: not asked for
	hint      string         // sub of a verified id_token_hint, empty: none
	asked     storage.Access
	skipAsk   bool      // the client is the operator's own
	unproven  bool      // the client cannot prove its identity (RFC 8252 section 8.6)
	startedAt time.Time // of the flow; zero: this is the first look at the request
	denied    bool

	signedIn    bool
	user        string
	subject     string // by which the client knows the user
	authTime    time.Time
	granted     storage.Access // what the user has granted to the client earlier
	consentedBy string         // the user who agreed within this flow, empty: none
}

// decide says what the request needs next. It reads nothing but v, so that the answer does not depend on the page the
// browser comes from: each time it comes back the whole question is asked again.
func decide(v visit, now time.Time) verdict {
	fresh := !v.startedAt.IsZero() && v.authTime.After(v.startedAt)
	switch {
	case v.denied:
		return verdict{deny, "denied"}
	case !v.signedIn:
		return verdict{signIn, "no_session"}
	case v.hint != "" && v.hint != v.subject:
		return verdict{signIn, "id_token_hint"}
	case v.prompt.login && !fresh:
		return verdict{signIn, "prompt_login"}
	case v.prompt.selectAccount && !fresh:
		return verdict{signIn, "prompt_select_account"}
	case v.maxAge != nil && !fresh && tooOld(v.authTime, *v.maxAge, now):
		return verdict{signIn, "max_age"}
	}
	if v.consentedBy == v.user && scope.Covers(v.granted, v.asked) {
		return verdict{issue, "consented"}
	}
	switch {
	case v.prompt.consent:
		return verdict{consent, "prompt_consent"}
	case v.unproven: // any program on the device could ask in the name of this client, so not even an operator's own is believed
		return verdict{consent, "client_unproven"}
	case v.skipAsk:
		return verdict{issue, "consent_not_asked"}
	case !scope.Covers(v.granted, v.asked):
		return verdict{consent, "access_missing"}
	}
	return verdict{issue, "remembered"}
}

// tooOld reports whether a sign-in is older than max_age allows; max_age=0 allows none but one made for this request
// (OIDC Core section 3.1.2.1).
func tooOld(authTime time.Time, maxAge time.Duration, now time.Time) bool {
	return maxAge == 0 || now.Sub(authTime) > maxAge
}
