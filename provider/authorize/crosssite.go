package authorize

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
)

// comeBack has the browser bring an authorization request of another site's form once more (OIDC Core section 3.1.2.1). What is wrong with the
// parameters, such as one that is there twice, stays so, and is answered then.
func (e *Endpoint) comeBack(c *gin.Context) error {
	text, err := oauth.FormText(c.Writer, c.Request)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return oauth.Refuse(oauth.ParameterEncoding)
	}
	body, err := url.ParseQuery(text)
	if err != nil {
		return oauth.Refuse(oauth.ParameterEncoding)
	}
	for name, values := range body {
		form[name] = append(form[name], values...)
	}
	return page.ToOwnURL(c, e.cfg.Issuer+oauth.AuthorizePath, form)
}
