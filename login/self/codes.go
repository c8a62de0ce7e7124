package self

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// showCodesLeft is GET /account/codes.
func (p *Pages) showCodesLeft(c *gin.Context) error {
	return p.codesLeftPage(c, form.Shown())
}

func (p *Pages) codesLeftPage(c *gin.Context, answer form.Answer) error {
	signIn, err := p.signedIn(c, "codes")
	if err != nil {
		return err
	}
	left, err := p.cfg.Account.RecoveryCodesLeft(c.Request.Context(), signIn)
	if err != nil {
		return err
	}
	view := templates.CodesLeft{AccountPage: withMessage(p.accountPage(c, signIn, "codes"), answer.Message), Left: left}
	view.Action = p.at("/account/codes")
	return p.cfg.Pages.Render(c, answer.Status, view)
}

// makeCodes is POST /account/codes. A form sent twice leads to the same codes.
func (p *Pages) makeCodes(c *gin.Context) error {
	who, err := p.changer(c, "codes")
	if err != nil {
		return err
	}
	if _, err := p.cfg.Account.NewRecoveryCodes(c.Request.Context(), who, time.Now()); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, p.at("/account/codes/new"))
	return nil
}

// showNewCodes is GET /account/codes/new. A reload shows the same codes until they are kept.
func (p *Pages) showNewCodes(c *gin.Context) error {
	return p.newCodesPage(c, form.Shown())
}

func (p *Pages) newCodesPage(c *gin.Context, answer form.Answer) error {
	who, err := p.changer(c, "codes/new")
	if err != nil {
		return err
	}
	sheet, err := p.cfg.Account.PendingRecoveryCodes(c.Request.Context(), who, time.Now())
	if errors.Is(err, account.ErrSheetGone) {
		c.Redirect(http.StatusSeeOther, p.at("/account/codes"))
		return nil
	}
	if err != nil {
		return err
	}
	return p.cfg.Pages.Render(c, answer.Status, templates.NewCodes{
		AccountPage: withMessage(p.accountPage(c, who.SignIn(), "codes"), answer.Message), ID: sheet.ID,
		Sheet: templates.Sheet{Account: sheet.Account, Codes: sheet.Codes, MadeAt: time.Now()},
	})
}

// keepCodes is POST /account/codes/new. It makes the earlier codes void.
func (p *Pages) keepCodes(c *gin.Context) error {
	if c.Request.PostForm.Get("saved") != "yes" {
		return p.newCodesPage(c, form.Refused(templates.T("codes.tick")))
	}
	who, err := p.changer(c, "codes/new")
	if err != nil {
		return err
	}
	err = p.cfg.Account.KeepRecoveryCodes(c.Request.Context(), who, c.Request.PostForm.Get("set"), p.cfg.Sessions.Visitor(c), time.Now())
	switch {
	case err == nil:
		return p.redirectDone(c, "codes", "codes")
	case errors.Is(err, account.ErrSheetGone):
		return p.codesLeftPage(c, form.Refused(templates.T("recoverycodes.gone")))
	case errors.Is(err, account.ErrStartAgain):
		return p.signInFirst(c, "codes")
	}
	return err
}
