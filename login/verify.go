package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// showVerification is GET /verify.
func (l *Login) showVerification(c *gin.Context) error { return l.verificationPage(c, form.Shown()) }

func (l *Login) verificationPage(c *gin.Context, answer form.Answer) error {
	found, err := l.verification(c)
	if err != nil {
		return l.refuseVerification(c, err)
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	page := request.page(answer.Message)
	confirm := templates.Confirm{Page: page, Title: templates.T("verify.title"), Button: templates.T("verify.button")}
	switch found.Kind {
	case arrive.VerifyAddress:
		confirm.Text = templates.T("verify.address", "Email", found.Email)
	case arrive.VerifyNewEmail:
		confirm.Text = templates.T("verify.new", "Email", found.Email)
	default:
		return l.cfg.Pages.Render(c, answer.Status, templates.NewPassword{
			Page: page, Title: templates.T("invite.title"), Lead: templates.T("register.password_lead"), Username: found.Email,
			MinLength: l.cfg.Account.Passwords.Min(),
		})
	}
	return l.cfg.Pages.Render(c, answer.Status, confirm)
}

// verification returns what the link that the browser has opened is for.
func (l *Login) verification(c *gin.Context) (arrive.Verification, error) {
	return l.cfg.Account.Arrive.OpenVerification(c.Request.Context(), l.secret(c, verificationLink), time.Now())
}

// verify is POST /verify.
func (l *Login) verify(c *gin.Context) error {
	found, err := l.verification(c)
	if err != nil {
		return l.refuseVerification(c, err)
	}
	ctx, sessions, secret, now := c.Request.Context(), l.cfg.Sessions, l.secret(c, verificationLink), time.Now()
	switch found.Kind {
	case arrive.VerifyAddress:
		err = l.cfg.Account.Arrive.ConfirmAddress(ctx, secret, sessions.Visitor(c), now)
	case arrive.VerifyNewEmail:
		var done account.Done
		done, err = l.cfg.Account.Self.ConfirmEmailChange(ctx, secret, sessions.SessionSecret(c.Request), sessions.Visitor(c), now)
		if done.Session != "" {
			sessions.Complete(c.Writer, done)
		}
	default:
		return l.completeSignUp(c, secret, now)
	}
	if err != nil {
		return l.refuseVerification(c, err)
	}
	sessions.Clear(c.Writer, verificationLink.cookie)
	return l.next(c, "/verify/done")
}

// completeSignUp creates the account. Its link is an invitation from then on.
func (l *Login) completeSignUp(c *gin.Context, secret string, now time.Time) error {
	sessions := l.cfg.Sessions
	half, err := l.cfg.Account.Arrive.CompleteSignUp(c.Request.Context(), arrive.InvitedPassword{
		Secret: secret, Password: c.Request.PostForm.Get("new_password"), Browser: sessions.BrowserSecret(c.Writer, c.Request),
		Visitor: sessions.Visitor(c),
	}, now)
	if answer, ok := form.NewPassword(err); ok {
		return l.verificationPage(c, answer)
	}
	if err != nil {
		return l.refuseVerification(c, err)
	}
	sessions.Begin(c.Writer, half)
	l.makeInvitation(c, secret)
	return l.next(c, "/login/enroll")
}

// makeInvitation turns the link that the browser has opened into an invitation.
func (l *Login) makeInvitation(c *gin.Context, secret string) {
	l.cfg.Sessions.Set(c.Writer, invitationLink.cookie, secret)
	l.cfg.Sessions.Clear(c.Writer, verificationLink.cookie)
}

// refuseVerification answers if a link cannot be used, or has become an invitation, and passes other errors on.
func (l *Login) refuseVerification(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrLink):
		return l.linkOver(c, verificationLink)
	case errors.Is(err, account.ErrSignedUp):
		l.makeInvitation(c, l.secret(c, verificationLink))
		return l.next(c, invitationLink.path)
	case !errors.Is(err, account.ErrTaken):
		return err
	}
	if found, err := l.verification(c); err == nil && found.Kind == arrive.VerifySignUp {
		return l.signInMessage(c, http.StatusConflict, templates.Message{Title: templates.T("register.taken_title"), Text: templates.T("register.taken")})
	}
	return l.cfg.Pages.Render(c, http.StatusConflict, templates.Message{
		Title: templates.T("verify.taken_title"), Text: templates.T("verify.taken"),
		LinkURL: l.at("/account/email", destination{}), LinkText: templates.T("common.to_account"),
	})
}

// showVerified is GET /verify/done.
func (l *Login) showVerified(c *gin.Context) error {
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Message{
		Title: templates.T("verify.done_title"), Text: templates.T("verify.done"),
		LinkURL: l.at("/account/email", destination{}), LinkText: templates.T("common.to_account"),
	})
}
