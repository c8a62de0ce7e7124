package form

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/templates"
)

// KeepStrength stores the strength of a new password, from 0 to 4, in the browser for the next page. It is not in the URL, because URLs end
// up in histories.
func KeepStrength(c *gin.Context, sessions *browser.Sessions, strength int) {
	sessions.Set(c.Writer, browser.Strength, strconv.Itoa(strength))
}

// Strength returns what [KeepStrength] has stored, and deletes it.
func Strength(c *gin.Context, sessions *browser.Sessions) templates.Text {
	kept, err := strconv.Atoi(sessions.Get(c.Request, browser.Strength))
	if err != nil {
		return templates.Text{}
	}
	sessions.Clear(c.Writer, browser.Strength)
	return templates.StrengthText(kept)
}
