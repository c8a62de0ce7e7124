package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/templates"
)

// showCodesLeft is GET /account/codes.
func (l *Login) showCodesLeft(c *gin.Context) error {
	return l.showCodesLeftPage(c, http.StatusOK, templates.Text{})
}

func (l *Login) showCodesLeftPage(c *gin.Context, status int, message templates.Text) error {
	signIn, err := l.signedIn(c, "codes")
	if err != nil {
		return err
	}
	left, err := l.cfg.Account.RecoveryCodesLeft(c.Request.Context(), signIn)
	if err != nil {
		return err
	}
	view := templates.CodesLeft{AccountPage: withMessage(l.accountPage(c, signIn, "codes"), message), Left: left}
	view.Action = l.cfg.BasePath + "/account/codes"
	return l.cfg.Pages.Render(c, status, view)
}

// makeCodes is POST /account/codes. Sent twice, it leads to the same codes.
func (l *Login) makeCodes(c *gin.Context) error {
	who, err := l.changer(c, "codes")
	if err != nil {
		return err
	}
	if _, err := l.cfg.Account.NewRecoveryCodes(c.Request.Context(), who, time.Now()); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, l.cfg.BasePath+"/account/codes/new")
	return nil
}

// showNewCodes is GET /account/codes/new. A reload shows the same codes until they are kept.
func (l *Login) showNewCodes(c *gin.Context) error {
	return l.showNewCodesPage(c, http.StatusOK, templates.Text{})
}

func (l *Login) showNewCodesPage(c *gin.Context, status int, message templates.Text) error {
	who, err := l.changer(c, "codes/new")
	if err != nil {
		return err
	}
	sheet, err := l.cfg.Account.PendingRecoveryCodes(c.Request.Context(), who, time.Now())
	if errors.Is(err, account.ErrSheetGone) {
		c.Redirect(http.StatusSeeOther, l.cfg.BasePath+"/account/codes")
		return nil
	}
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, status, templates.NewCodes{
		AccountPage: withMessage(l.accountPage(c, who.SignIn(), "codes"), message), ID: sheet.ID,
		Sheet: templates.Sheet{Account: sheet.Account, Codes: sheet.Codes, MadeAt: time.Now()},
	})
}

// keepCodes is POST /account/codes/new: from here on the earlier codes are dead.
func (l *Login) keepCodes(c *gin.Context) error {
	if c.Request.PostForm.Get("saved") != "yes" {
		return l.showNewCodesPage(c, http.StatusUnprocessableEntity, templates.T("codes.tick"))
	}
	who, err := l.changer(c, "codes/new")
	if err != nil {
		return err
	}
	err = l.cfg.Account.KeepRecoveryCodes(c.Request.Context(), who, c.Request.PostForm.Get("set"), l.cfg.Sessions.Visitor(c), time.Now())
	switch {
	case err == nil:
		return l.did(c, "codes", "codes")
	case errors.Is(err, account.ErrSheetGone):
		return l.showCodesLeftPage(c, http.StatusUnprocessableEntity, templates.T("recoverycodes.gone"))
	case errors.Is(err, account.ErrStartAgain):
		return l.signInFirst(c, "codes")
	}
	return err
}
