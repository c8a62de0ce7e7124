package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Factor is one kind of second factor. It compares a person's answer with the stored authenticators, and uses up an answer that matches.
// [TOTP] and [RecoveryCodes] implement it.
type Factor interface {
	// Kind returns the kind of [storage.Authenticator] that the factor reads.
	Kind() string
	// Method returns the authentication method reference (RFC 8176) of the factor, or "" if the RFC has no name for it.
	Method() string
	// Match compares an answer with the stored authenticators. It changes nothing.
	Match(ctx context.Context, a Answer, now time.Time) Match
	// Spend uses up an answer that matched, in the caller's transaction. Errors: ErrCode if it was used up meanwhile or is not stored at
	// all; ErrStartAgain if the account was changed.
	Spend(ctx context.Context, a Answer, m Match, now time.Time) error
	// Refusal returns why an answer that did not match is wrong: ErrCode, or an error that is an ErrCode, such as *ClockError.
	Refusal(a Answer, now time.Time) error
}

// Answer is a person's answer when asked for a second factor.
type Answer struct {
	User           storage.User
	Authenticators []storage.Authenticator // of the user; a [Factor] reads only those of its kind
	Typed          string
}

// Match is the result of comparing an answer.
type Match struct {
	Right    bool
	Replayed bool // the answer would be right, but was accepted before
	Renew    bool // the authenticator has to be replaced by a new one
	// Steps maps the id of each matching authenticator to the time step or count that the answer uses up; see
	// [storage.Authenticator.LastStep].
	Steps map[string]int64
}

// Methods returns the authentication method references (RFC 8176) of a sign-in with the password and a factor.
func Methods(f Factor) []string {
	if f.Method() == "" {
		return []string{"pwd", "mfa"}
	}
	return []string{"pwd", f.Method(), "mfa"}
}

// Factors are the kinds of second factors that a sign-in accepts.
type Factors []Factor

// Match returns the factor that an answer matches, or else a factor for which it is a replay, or else nil.
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

// Refusal returns why an answer is wrong: the first error of a factor that says more than ErrCode, or else ErrCode.
func (f Factors) Refusal(a Answer, now time.Time) error {
	for _, factor := range f {
		if err := factor.Refusal(a, now); err != ErrCode { // a *ClockError is an ErrCode too, but says more
			return err
		}
	}
	return ErrCode
}
