package self

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/templates"
)

// showData is GET /account/data.
func (p *Pages) showData(c *gin.Context) error {
	who, err := p.freshSignIn(c, "data")
	if err != nil {
		return err
	}
	return p.cfg.Pages.Render(c, http.StatusOK, templates.Data{AccountPage: p.accountPage(c, who.SignIn(), "data")})
}

// downloadData is POST /account/data. It answers with a file instead of a page.
func (p *Pages) downloadData(c *gin.Context) error {
	who, err := p.freshSignIn(c, "data")
	if err != nil {
		return err
	}
	data, err := p.cfg.Account.Data(c.Request.Context(), who, p.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	p.cfg.Pages.Headers(c)
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Disposition", `attachment; filename="account.json"`)
	c.Data(http.StatusOK, "application/json", text)
	return nil
}
