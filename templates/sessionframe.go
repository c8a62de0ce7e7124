package templates

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// SessionFrame answers with the frame that apps ask whether the session has changed (OIDC Session Management section 3.2). It is the only
// page that other sites may show in a frame: it has nothing to see or to click. assets/session.js says what it does.
func (p *Pages) SessionFrame(c *gin.Context) error {
	script, err := p.assetURL("session.js")
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	p.setCommon(h)
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *")
	h.Set("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Postern</title><script src="`+script+`" data-instance="`+p.instance+`"></script></head>
</html>
`))
	return nil
}
