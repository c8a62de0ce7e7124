package account

import (
	"errors"
	"fmt"
	"time"

	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
)

var (
	// ErrCredentials: the name is unknown, the password is wrong, or the account is disabled or has no password. Nobody learns which.
	ErrCredentials = errors.New("user name or password is not right")
	// ErrCode: a one-time code or recovery code is wrong or was used before.
	ErrCode = errors.New("code is not right")
	// ErrStartAgain: the half-done sign-in does not exist, is over, or was completed elsewhere; or the account was disabled or changed
	// its password meanwhile.
	ErrStartAgain = errors.New("sign-in has to be started again")
	// ErrNotEnrolled: the account has no authenticator, and no valid invitation allows the person to enrol one.
	ErrNotEnrolled = errors.New("no authenticator is enrolled")
	// ErrEnrolled: the account has an authenticator, so an invitation does not apply.
	ErrEnrolled = errors.New("an authenticator is enrolled already")
	// ErrLink: a one-time link does not exist, was used or replaced, or has expired.
	ErrLink = errors.New("link is not valid")
	// ErrClosed: people cannot sign up; only operators create accounts.
	ErrClosed = errors.New("registration is closed")
	// ErrSignedUp: this sign-up link has already created its account, and works as an invitation now.
	ErrSignedUp = errors.New("the account exists already")
	// ErrTaken: another account has taken the e-mail address since the link was mailed.
	ErrTaken = errors.New("the e-mail address belongs to another account")
	// ErrVerified: the e-mail address is verified already.
	ErrVerified = errors.New("the e-mail address is verified already")
	// ErrUnverified: the e-mail address is not verified, so no link to enrol an authenticator may be sent there.
	ErrUnverified = errors.New("the e-mail address is not verified")
	// ErrSameEmail: the new e-mail address is the current one.
	ErrSameEmail = errors.New("the e-mail address is the same")
	// ErrSamePassword: the new password is the password that has to be replaced.
	ErrSamePassword = errors.New("the password is the same")
	// ErrEnrolmentLost: the pending authenticator has expired, or was discarded after too many wrong codes. The next call of Show creates a
	// new one.
	ErrEnrolmentLost = errors.New("the pending authenticator is gone")
	// ErrRecovered: the session was opened by a recovery code, and the change needs the authenticator.
	ErrRecovered = errors.New("signed in with a recovery code")
	// ErrTooMany: the account has the maximum number of authenticators.
	ErrTooMany = errors.New("the account has too many authenticators")
	// ErrLastAuthenticator: the only authenticator can be replaced, not removed.
	ErrLastAuthenticator = errors.New("the last authenticator cannot be removed")
	// ErrSheetGone: the new recovery codes were shown too long ago, or other codes have replaced them. They are not valid.
	ErrSheetGone = errors.New("the new recovery codes are no longer available")
	// ErrPasswordElsewhere: another system keeps the password of the account, so it cannot be set here.
	ErrPasswordElsewhere = errors.New("the password is kept elsewhere")
	// ErrNotConfirmed: the recovery codes cannot be acknowledged before the authenticator is confirmed.
	ErrNotConfirmed = errors.New("the authenticator is not confirmed yet")
)

// WaitError refuses an attempt unchecked because earlier attempts failed. Its method Closed reports whether waiting does not help: then a
// recovery code or an operator has to reopen the factor.
type WaitError = throttle.WaitError

// WeakPasswordError refuses a new password and says why.
type WeakPasswordError = password.WeakError

// ErrBusy: too many passwords are being hashed; this one was not checked.
var ErrBusy = password.ErrBusy

// ClockError is an [ErrCode] for a code that would have been right on a clock that is off by Offset. A positive offset means that the
// authenticator's clock is ahead. The code was counted as wrong.
type ClockError struct{ Offset time.Duration }

// Error says by how much the clock is off.
func (e *ClockError) Error() string {
	return fmt.Sprintf("code is not right: the authenticator's clock is off by %s", e.Offset)
}

// Is reports whether target is ErrCode.
func (e *ClockError) Is(target error) bool { return target == ErrCode }
