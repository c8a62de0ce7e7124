package login

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/templates"
)

// showRecovery is GET /login/recovery.
func (l *Login) showRecovery(c *gin.Context) error {
	return l.showRecoveryPage(c, refusal{status: http.StatusOK})
}

func (l *Login) showRecoveryPage(c *gin.Context, refused refusal) error {
	request, pending, err := l.pending(c)
	if err != nil {
		return l.halfWay(c, err)
	}
	return l.cfg.Pages.Render(c, refused.status, templates.Recovery{
		Page: request.page(refused.message), Username: pending.User.Email,
		CodeURL: l.at("/login/code", request.way), CancelURL: l.cancelURL(request),
	})
}

// useRecoveryCode is POST /login/recovery. It leads to a new authenticator, because the old one is probably lost.
func (l *Login) useRecoveryCode(c *gin.Context) error {
	now := time.Now()
	if empty(c, "recovery_code") {
		return l.showRecoveryPage(c, nothingTyped("recovery.empty"))
	}
	done, err := l.cfg.Account.UseRecoveryCode(c.Request.Context(), l.codeAttempt(c, "recovery_code"), now)
	if err == nil {
		if done.Held {
			return l.completed(c, done)
		}
		l.cfg.Sessions.Complete(c.Writer, done)
		return l.next(c, "/login/enroll")
	}
	if refused, ok := l.refused(c, err, wrongRecovery, recoveryClosed, now); ok {
		return l.showRecoveryPage(c, refused)
	}
	return l.halfWay(c, err)
}
