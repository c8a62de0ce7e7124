package authorize

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
)

// comeBack redirects a browser that posted an authorization request as a form from another site, so that it sends the request again, in the query
// (OIDC Core section 3.1.2.1). It keeps faults in the parameters, such as a repeated one, which are answered then.
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
