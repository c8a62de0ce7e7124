package self

import (
	"errors"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showEmail is GET /account/email.
func (p *Pages) showEmail(c *gin.Context) error {
	signIn, err := p.signedIn(c, "email")
	if err != nil {
		return err
	}
	return p.emailPage(c, signIn, form.Shown(), "")
}

// emailPage shows the form with what was typed into it.
func (p *Pages) emailPage(c *gin.Context, signIn storage.SignIn, answer form.Answer, typed string) error {
	user := signIn.User()
	waiting, _, err := p.cfg.Account.NewEmail(c.Request.Context(), user, time.Now())
	if err != nil {
		return err
	}
	view := templates.EmailPage{
		AccountPage: withMessage(p.accountPage(c, signIn, "email"), answer.Message), Verified: user.EmailVerified, Waiting: waiting, Email: typed,
	}
	view.Action = p.at("/account/email")
	return p.cfg.Pages.Render(c, answer.Status, view)
}

// changeEmail is POST /account/email, which has three buttons.
func (p *Pages) changeEmail(c *gin.Context) error {
	signIn, err := p.signedIn(c, "email")
	if err != nil {
		return err
	}
	ctx, visitor, now := c.Request.Context(), p.cfg.Sessions.Visitor(c), time.Now()
	done, typed := "", ""
	switch c.Request.PostForm.Get("do") {
	case "verify":
		done = "verify"
		err = p.cfg.Arrive.AskVerification(ctx, signIn, visitor, now)
		if errors.Is(err, account.ErrVerified) {
			done, err = "", nil
		}
	case "cancel":
		err = p.cfg.Account.CancelEmailChange(ctx, signIn, visitor, now)
	default:
		fresh, redirected := p.freshSignIn(c, "email")
		if redirected != nil {
			return redirected
		}
		typed = strings.TrimSpace(c.Request.PostForm.Get("email"))
		err = p.cfg.Account.AskEmailChange(ctx, fresh, typed, visitor, now)
	}
	if err != nil {
		return p.refuseEmail(c, signIn, err, typed, now)
	}
	return p.redirectDone(c, "email", done)
}

func (p *Pages) refuseEmail(c *gin.Context, signIn storage.SignIn, err error, typed string, now time.Time) error {
	var invalid *identity.InvalidError
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		return p.emailPage(c, signIn, form.Wait(c, wait, now), typed)
	case errors.As(err, &invalid):
		return p.emailPage(c, signIn, form.Refused(form.Invalid(invalid)), typed)
	case errors.Is(err, account.ErrSameEmail):
		return p.emailPage(c, signIn, form.Refused(templates.T("emailpage.same")), typed)
	case errors.Is(err, account.ErrStartAgain):
		return p.signInFirst(c, "email")
	}
	return err
}
