package self

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showHome is GET /account.
func (p *Pages) showHome(c *gin.Context) error {
	signIn, err := p.cfg.Sessions.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		c.Redirect(http.StatusSeeOther, p.at("/login"))
		return nil
	}
	if err != nil {
		return err
	}
	user, now := signIn.User(), time.Now()
	overview, err := p.cfg.Account.Overview(c.Request.Context(), user.ID, now)
	if err != nil {
		return err
	}
	return p.cfg.Pages.Render(c, http.StatusOK, templates.Home{
		AccountPage: p.accountPage(c, signIn, ""), Exposed: user.Exposed(), PasswordChangedAt: overview.PasswordChangedAt.Time,
		Authenticators: overview.Authenticators, RecoveryCodesLeft: overview.RecoveryCodesLeft,
		EmailVerified: user.EmailVerified, EmailChanging: user.EmailChanging(now), Sessions: overview.Sessions, Apps: overview.Apps,
	})
}
