package login

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/templates"
)

// chose keeps for the next page how strong the new password is. Addresses stand in histories, and are no place for it.
func (l *Login) chose(c *gin.Context, password string) {
	l.cfg.Sessions.Set(c.Writer, browser.Strength, strconv.Itoa(l.cfg.Account.Strength(password)))
}

// strength says, once, what chose has kept.
func (l *Login) strength(c *gin.Context) templates.Text {
	kept, err := strconv.Atoi(l.cfg.Sessions.Get(c.Request, browser.Strength))
	if err != nil {
		return templates.Text{}
	}
	l.cfg.Sessions.Clear(c.Writer, browser.Strength)
	return templates.StrengthText(kept)
}
