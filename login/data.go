package login

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/templates"
)

// showData is GET /account/data.
func (l *Login) showData(c *gin.Context) error {
	who, err := l.recently(c, "data")
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Data{AccountPage: l.accountPage(c, who.SignIn(), "data")})
}

// downloadData is POST /account/data: a file instead of a page.
func (l *Login) downloadData(c *gin.Context) error {
	who, err := l.recently(c, "data")
	if err != nil {
		return err
	}
	data, err := l.cfg.Account.Data(c.Request.Context(), who, l.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	l.cfg.Pages.Headers(c)
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Disposition", `attachment; filename="account.json"`)
	c.Data(http.StatusOK, "application/json", text)
	return nil
}
