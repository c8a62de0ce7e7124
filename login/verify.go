package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/templates"
)

// showVerification is GET /verify. The secret leaves the address at once, as that of an invitation. Looking at the page changes nothing:
// programs that scan mail follow links too.
func (l *Login) showVerification(c *gin.Context) error {
	if ticket := c.Query("ticket"); ticket != "" {
		if len(ticket) != browser.SecretLength {
			return l.verificationOver(c)
		}
		l.cfg.Sessions.Set(c.Writer, browser.VerificationLink, ticket)
		return l.withoutSecret(c, "/verify")
	}
	return l.verificationPage(c, http.StatusOK, templates.Text{})
}

func (l *Login) verificationPage(c *gin.Context, status int, message templates.Text) error {
	found, err := l.verification(c)
	if err != nil {
		return l.verificationRefused(c, err)
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	page := request.page(message)
	confirm := templates.Confirm{Page: page, Title: templates.T("verify.title"), Button: templates.T("verify.button")}
	switch found.Kind {
	case account.VerifyAddress:
		confirm.Text = templates.T("verify.address", "Email", found.Email)
	case account.VerifyNewEmail:
		confirm.Text = templates.T("verify.new", "Email", found.Email)
	default:
		return l.cfg.Pages.Render(c, status, templates.NewPassword{
			Page: page, Title: templates.T("invite.title"), Lead: templates.T("register.password_lead"), Username: found.Email,
			MinLength: l.cfg.Account.MinPassword(),
		})
	}
	return l.cfg.Pages.Render(c, status, confirm)
}

// verification returns what the link that the browser holds is for.
func (l *Login) verification(c *gin.Context) (account.Verification, error) {
	return l.cfg.Account.OpenVerification(c.Request.Context(), l.cfg.Sessions.Get(c.Request, browser.VerificationLink), time.Now())
}

// verify is POST /verify.
func (l *Login) verify(c *gin.Context) error {
	found, err := l.verification(c)
	if err != nil {
		return l.verificationRefused(c, err)
	}
	ctx, sessions, now := c.Request.Context(), l.cfg.Sessions, time.Now()
	secret := sessions.Get(c.Request, browser.VerificationLink)
	switch found.Kind {
	case account.VerifyAddress:
		err = l.cfg.Account.ConfirmAddress(ctx, secret, l.cfg.Sessions.Visitor(c), now)
	case account.VerifyNewEmail:
		var done account.Done
		done, err = l.cfg.Account.ConfirmEmailChange(ctx, secret, sessions.SessionSecret(c.Request), l.cfg.Sessions.Visitor(c), now)
		if done.Session != "" {
			sessions.Complete(c.Writer, done)
		}
	default:
		return l.completeRegistration(c, secret, now)
	}
	if err != nil {
		return l.verificationRefused(c, err)
	}
	sessions.Clear(c.Writer, browser.VerificationLink)
	return l.next(c, "/verify/done")
}

// completeRegistration makes the account. Its link is an invitation from then on.
func (l *Login) completeRegistration(c *gin.Context, secret string, now time.Time) error {
	sessions := l.cfg.Sessions
	half, err := l.cfg.Account.CompleteRegistration(c.Request.Context(), account.InvitedPassword{
		Ticket: secret, Password: c.Request.PostForm.Get("new_password"), Browser: sessions.BrowserSecret(c.Writer, c.Request), Visitor: l.cfg.Sessions.Visitor(c),
	}, now)
	var weak *account.WeakPasswordError
	if errors.As(err, &weak) {
		return l.verificationPage(c, http.StatusUnprocessableEntity, weakPassword(weak))
	}
	if err != nil {
		return l.verificationRefused(c, err)
	}
	sessions.Begin(c.Writer, half)
	l.becomesInvitation(c, secret)
	return l.next(c, "/login/enroll")
}

func (l *Login) becomesInvitation(c *gin.Context, secret string) {
	l.cfg.Sessions.Set(c.Writer, browser.InvitationLink, secret)
	l.cfg.Sessions.Clear(c.Writer, browser.VerificationLink)
}

func (l *Login) verificationRefused(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrTicket):
		return l.verificationOver(c)
	case errors.Is(err, account.ErrRegistered):
		l.becomesInvitation(c, l.cfg.Sessions.Get(c.Request, browser.VerificationLink))
		return l.next(c, "/invite")
	case !errors.Is(err, account.ErrTaken):
		return err
	}
	if found, err := l.verification(c); err == nil && found.Kind == account.VerifyRegistration {
		return l.errandMessage(c, http.StatusConflict, templates.Message{Title: templates.T("register.taken_title"), Text: templates.T("register.taken")})
	}
	return l.cfg.Pages.Render(c, http.StatusConflict, templates.Message{
		Title: templates.T("verify.taken_title"), Text: templates.T("verify.taken"),
		LinkURL: l.at("/account/email", way{}), LinkText: templates.T("common.to_account"),
	})
}

func (l *Login) verificationOver(c *gin.Context) error {
	l.cfg.Sessions.Clear(c.Writer, browser.VerificationLink)
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusGone, templates.Message{
		Page: request.page(templates.Text{}), Title: templates.T("verify.over_title"), Text: templates.T("verify.over"),
		LinkURL: l.signInURL(request), LinkText: templates.T("invite.sign_in_instead"),
	})
}

// showVerified is GET /verify/done.
func (l *Login) showVerified(c *gin.Context) error {
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Message{
		Title: templates.T("verify.done_title"), Text: templates.T("verify.done"),
		LinkURL: l.at("/account/email", way{}), LinkText: templates.T("common.to_account"),
	})
}
