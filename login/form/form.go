// Package form owns what the forms of the sign-in pages and of the account pages have in common. It decides how they are shown again when
// the rules in login/account refuse what was typed, how an authenticator is set up, and how strong a chosen password is said to be.
//
// The pages choose the form; package templates has the texts.
package form

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Answer is how a form is shown: for the first time ([Shown]), or again with a message beside it.
type Answer struct {
	Status  int
	Message templates.Text
	// Clock is the server's time if a wrong clock may be the reason of the refusal, else the zero time.
	Clock time.Time
}

// Empty reports whether nothing was typed into a field. Browsers could check that, but with messages of their own.
func Empty(c *gin.Context, field string) bool {
	return strings.TrimSpace(c.Request.PostForm.Get(field)) == ""
}

// Shown is a form that is shown for the first time.
func Shown() Answer { return Answer{Status: http.StatusOK} }

// Refused is a form that is shown again with a message that says what is wrong.
func Refused(message templates.Text) Answer {
	return Answer{Status: http.StatusUnprocessableEntity, Message: message}
}

// Code returns how to show a form for a one-time code again after an error of package account. ok is false if the error does not refuse the
// code.
func Code(c *gin.Context, sessions *browser.Sessions, err error, now time.Time) (a Answer, ok bool) {
	return refuseCode(c, sessions, err, templates.T("login.wrong_code"), templates.T("login.factor_closed"), now)
}

// RecoveryCode is like [Code], for the form for a recovery code.
func RecoveryCode(c *gin.Context, sessions *browser.Sessions, err error, now time.Time) (a Answer, ok bool) {
	return refuseCode(c, sessions, err, templates.T("login.wrong_recovery"), templates.T("login.recovery_closed"), now)
}

// refuseCode shows the message wrong if a code does not match, and closed if the factor is closed.
func refuseCode(c *gin.Context, sessions *browser.Sessions, err error, wrong, closed templates.Text, now time.Time) (a Answer, ok bool) {
	var wait *account.WaitError
	var clock *account.ClockError
	switch {
	case errors.As(err, &wait) && wait.Closed():
		// The closed budget may be that of this trusted browser; without its cookie, it has the budget of unknown browsers.
		sessions.Distrust(c.Writer)
		return Answer{Status: http.StatusForbidden, Message: closed}, true
	case errors.As(err, &wait):
		return Wait(c, wait, now), true
	case errors.As(err, &clock):
		return Answer{Status: http.StatusUnprocessableEntity, Message: clockMessage(clock.Offset), Clock: now}, true
	case errors.Is(err, account.ErrCode):
		return Answer{Status: http.StatusUnprocessableEntity, Message: wrong, Clock: now}, true
	}
	return Answer{}, false
}

// Wait returns how to show a form again that must not be sent before wait is over. It sets Retry-After.
func Wait(c *gin.Context, wait *account.WaitError, now time.Time) Answer {
	left := max(wait.Until.Sub(now), time.Second)
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(left.Seconds()))))
	return Answer{Status: http.StatusTooManyRequests, Message: templates.WaitMessage(left)}
}

// clockMessage says by how much the phone's clock is off.
func clockMessage(offset time.Duration) templates.Text {
	key := "login.clock_ahead"
	if offset < 0 {
		key, offset = "login.clock_behind", -offset
	}
	if offset >= 2*time.Minute {
		return templates.N(key+"_minutes", int((offset+30*time.Second)/time.Minute))
	}
	return templates.N(key+"_seconds", int(offset/time.Second))
}

// NewPassword returns how to show a form for a new password again after an error of package account. ok is false if the error does not
// refuse the password.
func NewPassword(err error) (a Answer, ok bool) {
	var weak *account.WeakPasswordError
	switch {
	case errors.As(err, &weak):
		return Refused(weakPassword(weak)), true
	case errors.Is(err, account.ErrSamePassword):
		return Refused(templates.T("passwordpage.same")), true
	}
	return Answer{}, false
}

// weakPassword returns the message that says why a new password is refused.
func weakPassword(err *account.WeakPasswordError) templates.Text {
	key := "password." + string(err.Reason)
	if err.Limit == 0 {
		return templates.T(key)
	}
	return templates.N(key, err.Limit)
}

// Invalid returns the message that says what is wrong with a name or an e-mail address.
func Invalid(err *identity.InvalidError) templates.Text {
	if err.Lookalike {
		return templates.T("register.lookalike")
	}
	return templates.T("register.wrong_" + err.Field)
}

// Person returns the name that pages show for a user.
func Person(user storage.User) templates.Person {
	name, _ := user.Claims["name"].(string)
	return templates.Person{Name: name, Email: user.Email}
}

// Public is a [templates.Public] for errors that the person cannot correct in a form: a busy server and an outage.
func Public(err error) (status int, title, message templates.Text) {
	switch {
	case errors.Is(err, account.ErrBusy):
		return http.StatusServiceUnavailable, templates.T("error.busy_title"), templates.T("error.busy")
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	}
	return 0, title, message
}
