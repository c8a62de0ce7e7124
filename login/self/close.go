package self

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showClose is GET /account/close.
func (p *Pages) showClose(c *gin.Context) error {
	who, err := p.freshSignIn(c, "close")
	if err != nil {
		return err
	}
	return p.closePage(c, who, form.Shown())
}

func (p *Pages) closePage(c *gin.Context, who self.Fresh, answer form.Answer) error {
	view := templates.Close{AccountPage: p.accountPage(c, who.SignIn(), "close")}
	view.Error = answer.Message
	return p.cfg.Pages.Render(c, answer.Status, view)
}

// closeAccount is POST /account/close.
func (p *Pages) closeAccount(c *gin.Context) error {
	who, err := p.freshSignIn(c, "close")
	if err != nil {
		return err
	}
	if c.Request.PostForm.Get("understood") != "yes" {
		return p.closePage(c, who, form.Refused(templates.T("close.unticked")))
	}
	err = p.cfg.Account.Close(c.Request.Context(), who, p.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, self.ErrLastAdmin) {
		return p.closePage(c, who, form.Refused(templates.T("close.last_admin")))
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) { // closed in another tab
		return err
	}
	p.cfg.Sessions.Forget(c.Writer)
	p.cfg.Sessions.Distrust(c.Writer)
	c.Redirect(http.StatusSeeOther, p.at("/account/closed"))
	return nil
}

// showClosed is GET /account/closed. It needs no sign-in: it does not say whose account was closed.
func (p *Pages) showClosed(c *gin.Context) error {
	return p.cfg.Pages.Render(c, http.StatusOK, templates.Closed{})
}
