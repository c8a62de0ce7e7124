package login

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// public translates what a form cannot mend.
func public(err error) (status int, title, message templates.Text) {
	switch {
	case errors.Is(err, account.ErrBusy):
		return http.StatusServiceUnavailable, templates.T("error.busy_title"), templates.T("error.busy")
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	case errors.Is(err, errNotTheirs):
		return http.StatusNotFound, templates.T("error.not_found_title"), templates.T("error.not_found")
	}
	return 0, title, message
}

// errNotTheirs: what a request names does not exist, or belongs to somebody else. Nobody learns which.
var errNotTheirs = errors.New("not found among what the person has")

// The sentences beside a form.
var (
	wrongCredentials = templates.T("login.wrong_credentials")
	wrongCode        = templates.T("login.wrong_code")
	wrongRecovery    = templates.T("login.wrong_recovery")
	factorClosed     = templates.T("login.factor_closed")
	recoveryClosed   = templates.T("login.recovery_closed")
	newKey           = templates.T("login.new_key")
	tooLate          = templates.T("login.too_late")
	samePassword     = templates.T("passwordpage.same")
)

// weakPassword says why a new password is refused.
func weakPassword(err *account.WeakPasswordError) templates.Text {
	key := "password." + string(err.Reason)
	if err.Limit == 0 {
		return templates.T(key)
	}
	return templates.N(key, err.Limit)
}

// refusal is how a form is shown again.
type refusal struct {
	status  int
	message templates.Text
	// clock is the server's time, where a wrong clock may be the reason.
	clock time.Time
}

// empty reports whether nothing was typed into a field. Browsers leave that to us, because their own words for it are not ours.
func empty(c *gin.Context, field string) bool {
	return strings.TrimSpace(c.Request.PostForm.Get(field)) == ""
}

// nothingTyped asks for what is missing. It is no try, and counts as none.
func nothingTyped(key string) refusal {
	return refusal{status: http.StatusUnprocessableEntity, message: templates.T(key)}
}

// refused returns how a wrong code is answered; ok is false for an error that is not one. closed is the sentence for a
// factor that waiting does not open, wrong the one for a code that does not match.
func (l *Login) refused(c *gin.Context, err error, wrong, closed templates.Text, now time.Time) (r refusal, ok bool) {
	var wait *account.WaitError
	var clock *account.ClockError
	switch {
	case errors.As(err, &wait) && wait.Closed():
		// The budget of this browser may be the one that is closed: without its cookie it is a stranger's.
		l.cfg.Sessions.Distrust(c.Writer)
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
func retryLater(c *gin.Context, wait *account.WaitError, now time.Time) templates.Text {
	left := max(wait.Until.Sub(now), time.Second)
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(left.Seconds()))))
	return templates.WaitMessage(left)
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

// startAgain is for a half-done sign-in that is over. If it was completed in another tab, the person goes on as if it had been
// completed here.
func (l *Login) startAgain(c *gin.Context) error {
	_, err := l.cfg.Sessions.Current(c.Request, "")
	switch {
	case err == nil:
		return l.leave(c)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	}
	switch path, _, err := l.waiting(c.Request); {
	case err == nil:
		return l.next(c, path)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	case c.Request.Method != http.MethodPost:
		return l.next(c, "/login")
	}
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, "", tooLate)
	view.Action = l.at("/login", request.way)
	return l.cfg.Pages.Render(c, http.StatusUnprocessableEntity, view)
}
