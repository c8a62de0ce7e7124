package login

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// public translates what a form cannot mend.
func public(err error) (status int, title, message string) {
	switch {
	case errors.Is(err, account.ErrBusy):
		return http.StatusServiceUnavailable, "Very busy right now", "Many people are signing in at this moment. Please try again in a few seconds."
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, "Not available right now", "We cannot reach our database. Nothing is lost. Please try again in a moment."
	}
	return 0, "", ""
}

// The sentences beside a form.
const (
	wrongCredentials = "That user name or password is not right."
	wrongCode        = "That code did not work."
	wrongRecovery    = "That recovery code did not work. It may have been used already."
	factorClosed     = "Too many wrong codes. Codes from your authenticator app are not accepted any more: use a recovery code, or ask the people who run this service."
	recoveryClosed   = "Too many wrong recovery codes. Ask the people who run this service to unlock your account."
	newKey           = "Too many wrong codes, or it took too long. This is a new key: remove the last one from your app, and scan again."
	tooLate          = "That took too long, or it was finished in another tab. Please sign in again."
)

// refusal is how a form is shown again.
type refusal struct {
	status  int
	message string
	// clock is the server's time, where a wrong clock may be the reason.
	clock time.Time
}

// refused returns how a wrong code is answered; ok is false for an error that is not one. closed is the sentence for a
// factor that waiting does not open, wrong the one for a code that does not match.
func (l *Login) refused(c *gin.Context, err error, wrong, closed string, now time.Time) (r refusal, ok bool) {
	var wait *account.WaitError
	var clock *account.ClockError
	switch {
	case errors.As(err, &wait) && wait.Closed():
		// The budget of this browser may be the one that is closed: without its cookie it is a stranger's.
		l.cfg.Sessions.cookies.clear(c.Writer, deviceCookie)
		return refusal{status: http.StatusForbidden, message: closed}, true
	case errors.As(err, &wait):
		return refusal{status: http.StatusTooManyRequests, message: retryLater(c, wait, now)}, true
	case errors.As(err, &clock):
		return refusal{status: http.StatusUnprocessableEntity, message: clockMessage(clock.Offset), clock: now}, true
	case errors.Is(err, account.ErrCode):
		return refusal{status: http.StatusUnprocessableEntity, message: wrong, clock: now}, true
	}
	return refusal{}, false
}

// retryLater sets Retry-After and returns the sentence that says when.
func retryLater(c *gin.Context, wait *account.WaitError, now time.Time) string {
	left := max(wait.Until.Sub(now), time.Second)
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(left.Seconds()))))
	return templates.WaitMessage(left)
}

// clockMessage says by how much the phone's clock is off.
func clockMessage(offset time.Duration) string {
	direction := "ahead"
	if offset < 0 {
		direction, offset = "behind", -offset
	}
	amount := strconv.Itoa(int(offset/time.Second)) + " seconds"
	if offset >= 2*time.Minute {
		amount = strconv.Itoa(int((offset+30*time.Second)/time.Minute)) + " minutes"
	}
	return "That code did not work, because the clock of your phone is about " + amount + " " + direction +
		". Set it to automatic time and try the next code."
}

// startAgain is for a half-done sign-in that is over. If it was completed in another tab, the person goes on as if it had been
// completed here.
func (l *Login) startAgain(c *gin.Context) error {
	_, err := l.cfg.Sessions.Current(c.Request, "")
	switch {
	case err == nil:
		return l.leave(c)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	case c.Request.Method == http.MethodGet:
		return l.next(c, "/login")
	}
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, "", tooLate)
	view.Action = l.at("/login", request.id)
	return l.cfg.Pages.Render(c, http.StatusUnprocessableEntity, view)
}
