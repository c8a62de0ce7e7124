package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

const (
	// EnrolmentLife is how long a pending authenticator can be confirmed, and how long new recovery codes can be acknowledged.
	EnrolmentLife = 10 * time.Minute
	// MaxAuthenticators is the maximum number of authenticators of an account.
	MaxAuthenticators = 10
	// maxEnrolmentFailures is how many wrong codes discard a pending authenticator.
	maxEnrolmentFailures = 5
)

// Enrolment is a pending authenticator.
type Enrolment struct {
	ID      string
	Key     otp.Key
	Issuer  string // as the authenticator app will show it
	Account string
	URI     string // otpauth://
	// RecoveryCodes are to be shown and acknowledged. They are nil until a code has confirmed the authenticator.
	RecoveryCodes []string
}

// Enrolments creates and confirms pending authenticators, which were shown but are not factors yet. Each is bound to a storage.Purpose.
type Enrolments struct {
	store      *storage.Store
	audit      *audit.Log
	totp       *TOTP
	parameters otp.Parameters // of new authenticators
	issuer     string
}

// Show returns a user's pending authenticator, and creates it on the first call. Later calls within ten minutes return the same one.
func (e *Enrolments) Show(ctx context.Context, user storage.User, p storage.Purpose, visitor Visitor, now time.Time) (Enrolment, error) {
	pending, err := e.store.Enrolments.ByPurpose(ctx, p, now)
	if errors.Is(err, storage.ErrNotFound) {
		pending, err = e.start(ctx, p, visitor, now)
	}
	if err != nil {
		return Enrolment{}, err
	}
	key := pendingKey(pending)
	uri, account, err := URI(e.issuer, key, user)
	return Enrolment{ID: pending.ID, Key: key, Issuer: e.issuer, Account: account, URI: uri, RecoveryCodes: pending.RecoveryCodes}, err
}

func (e *Enrolments) start(ctx context.Context, p storage.Purpose, visitor Visitor, now time.Time) (pending storage.Enrolment, err error) {
	key := otp.NewKey(e.parameters)
	fresh := storage.Enrolment{
		Purpose: p, ID: storage.NewID(), Secret: key.Secret, Algorithm: key.Algorithm, Digits: key.Digits, Period: key.Period,
		CreatedAt: now, ExpiresAt: now.Add(EnrolmentLife),
	}
	err = e.store.InTx(ctx, func(ctx context.Context) error {
		pending, err = e.store.Enrolments.Start(ctx, fresh, now)
		if err != nil || pending.ID != fresh.ID {
			return err
		}
		return e.audit.Record(ctx, visitor.Event(audit.EnrolmentStarted, p.UserID), now)
	})
	return pending, err
}

// Proof returns the Proof for completing a sign-in with the authenticator that has just been enrolled.
func (e *Enrolments) Proof() Proof { return Proof{Methods: Methods(e.totp)} }

// Pending returns the pending authenticator of a purpose. Errors: ErrEnrolmentLost.
func (e *Enrolments) Pending(ctx context.Context, p storage.Purpose, now time.Time) (storage.Enrolment, error) {
	pending, err := e.store.Enrolments.ByPurpose(ctx, p, now)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Enrolment{}, ErrEnrolmentLost
	}
	return pending, err
}

// Check returns the time step of a right code of a pending authenticator; it counts a wrong code. Errors: ErrCode, *ClockError;
// ErrEnrolmentLost after too many wrong codes.
func (e *Enrolments) Check(ctx context.Context, pending storage.Enrolment, typed string, visitor Visitor, now time.Time) (int64, error) {
	if step, ok := e.totp.step(pendingKey(pending), typed, now); ok {
		return step, nil
	}
	return 0, e.refuse(ctx, pending, typed, visitor, now)
}

func (e *Enrolments) refuse(ctx context.Context, pending storage.Enrolment, typed string, visitor Visitor, now time.Time) error {
	failures, err := e.store.Enrolments.CountFailure(ctx, pending.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrEnrolmentLost
	}
	if err != nil {
		return err
	}
	if err := e.audit.Record(ctx, visitor.Event(audit.EnrolmentRefused, pending.UserID), now); err != nil {
		return err
	}
	if failures >= maxEnrolmentFailures {
		if err := e.store.Enrolments.End(ctx, pending.ID); err != nil && !errors.Is(err, storage.ErrStale) {
			return err
		}
		return ErrEnrolmentLost
	}
	if offset, ok := drift(pendingKey(pending), typed, now); ok {
		return &ClockError{Offset: offset}
	}
	return ErrCode
}

func pendingKey(e storage.Enrolment) otp.Key {
	return otp.Key{Secret: e.Secret, Parameters: otp.Parameters{Algorithm: e.Algorithm, Digits: e.Digits, Period: e.Period}}
}

// Confirmed returns the authenticator that a pending one becomes. The id stays the same, so that a form sent twice finds the authenticator.
// The time step of the code that confirmed it counts as used.
func Confirmed(pending storage.Enrolment, name string, step int64, now time.Time) storage.Authenticator {
	return storage.Authenticator{
		ID: pending.ID, UserID: pending.UserID, Kind: storage.KindTOTP, Name: name, Secret: pending.Secret, Algorithm: pending.Algorithm,
		Digits: pending.Digits, Period: pending.Period, LastStep: step, CreatedAt: now,
	}
}

// URI returns the otpauth URI of a user's key and the account name in it: the e-mail address, or the user name or id if the address is too
// long or not allowed in a label.
func URI(issuer string, key otp.Key, user storage.User) (uri, account string, err error) {
	for _, account = range []string{user.Email, user.Username, user.ID} {
		if uri, err = otp.URI(key, issuer, account); err == nil {
			return uri, account, nil
		}
	}
	uri, err = otp.URI(key, "Postern", user.ID) // an imported key may be six times as long as one of Postern's
	return uri, user.ID, err
}
