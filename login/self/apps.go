package self

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showApps is GET /account/apps.
func (p *Pages) showApps(c *gin.Context) error {
	signIn, err := p.signedIn(c, "apps")
	if err != nil {
		return err
	}
	apps, err := p.cfg.Apps(c.Request.Context(), signIn.User().ID, time.Now())
	if err != nil {
		return err
	}
	return p.cfg.Pages.Render(c, http.StatusOK, templates.Apps{AccountPage: p.accountPage(c, signIn, "apps"), Apps: apps})
}

// withdraw is POST /account/apps.
func (p *Pages) withdraw(c *gin.Context) error {
	signIn, err := p.signedIn(c, "apps")
	if err != nil {
		return err
	}
	err = p.cfg.Withdraw(c.Request.Context(), signIn.User().ID, c.Request.PostForm.Get("client"), c.ClientIP(), time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errNoAccess
	}
	if err != nil {
		return err
	}
	return p.redirectDone(c, "apps", "app")
}
