package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Factor is one kind of second factor: it matches what a person answers with what is stored, and uses it up. [TOTP] and [RecoveryCodes]
// are factors.
type Factor interface {
	// Kind is the [storage.Authenticator] kind of the factor.
	Kind() string
	// Method is the authentication method reference (RFC 8176) for it; empty: none.
	Method() string
	// Match compares an answer with what is stored. It changes nothing.
	Match(ctx context.Context, a Answer, now time.Time) Match
	// Spend uses up what was matched, in the caller's transaction. Errors: ErrCode when it was used up meanwhile or is not stored at all;
	// ErrStartAgain when the account was changed.
	Spend(ctx context.Context, a Answer, m Match, now time.Time) error
	// Refusal returns why an answer that did not match is wrong: ErrCode, or an error that is an ErrCode, such as *ClockError.
	Refusal(a Answer, now time.Time) error
}

// Answer is what a person answers to the question for a second factor.
type Answer struct {
	User           storage.User
	Authenticators []storage.Authenticator // of the user; a [Factor] looks at those of its kind
	Typed          string
}

// Match is what an answer was found to be.
type Match struct {
	Right    bool
	Replayed bool // it would be right, but was accepted before
	Renew    bool // the authenticator has to be replaced by a new one
	// Steps is the time step or count that the answer uses up, by the id of each authenticator; see [storage.Authenticator.LastStep].
	Steps map[string]int64
}

// Methods returns the authentication method references (RFC 8176) of a sign-in with the password and a factor.
func Methods(f Factor) []string {
	if f.Method() == "" {
		return []string{"pwd", "mfa"}
	}
	return []string{"pwd", f.Method(), "mfa"}
}

// Factors are the kinds of authenticators that a sign-in asks for.
type Factors []Factor

// Match returns the factor that an answer is right for, else a factor for which the answer is a replay, else nil.
func (f Factors) Match(ctx context.Context, a Answer, now time.Time) (Factor, Match) {
	var (
		found Factor
		match Match
	)
	for _, factor := range f {
		switch m := factor.Match(ctx, a, now); {
		case m.Right:
			return factor, m
		case m.Replayed:
			found, match = factor, m
		}
	}
	return found, match
}

// Refusal returns why an answer is wrong: the first reason that says more than ErrCode, else ErrCode.
func (f Factors) Refusal(a Answer, now time.Time) error {
	for _, factor := range f {
		if err := factor.Refusal(a, now); err != ErrCode { // a *ClockError is an ErrCode too, but says more
			return err
		}
	}
	return ErrCode
}
