package login

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/templates"
)

// chose keeps for the next page how strong the new password is. Addresses stand in histories, and are no place for it.
func (l *Login) chose(c *gin.Context, password string) {
	l.cfg.Sessions.cookies.set(c.Writer, strengthCookie, strconv.Itoa(l.cfg.Account.Strength(password)), strengthLife)
}

// strength says, once, what chose has kept.
func (l *Login) strength(c *gin.Context) templates.Text {
	kept, err := strconv.Atoi(l.cfg.Sessions.cookies.get(c.Request, strengthCookie))
	if err != nil {
		return templates.Text{}
	}
	l.cfg.Sessions.cookies.clear(c.Writer, strengthCookie)
	return templates.StrengthText(kept)
}
