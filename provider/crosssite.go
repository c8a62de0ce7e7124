package provider

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
)

const (
	authorizePath = "/oauth2/auth"
	logoutPath    = "/oauth2/logout"
)

// longestAddress is how long the query of an address of ours may get, in bytes: the server takes 16 KiB of headers.
const longestAddress = 12 << 10

// toOwnAddress sends a browser that came with a form to the same endpoint again, with the form in the address. The form of another site brings
// none of our cookies, which are SameSite=Lax; the redirect that follows it does. Without them nobody would be signed in, and the cookie that
// tells browsers apart would be replaced under the pages that are open in other tabs.
func (p *Provider) toOwnAddress(c *gin.Context, path string, form url.Values) error {
	query := form.Encode()
	if len(query) > longestAddress {
		refusal := oauth.Refuse(oauth.RequestTooLarge)
		refusal.Status = http.StatusRequestEntityTooLarge
		return refusal
	}
	noStore(c)
	c.Redirect(http.StatusSeeOther, p.cfg.Issuer+path+"?"+query)
	return nil
}

// comeBack has the browser bring an authorization request of another site's form once more (OIDC Core section 3.1.2.1). What is wrong with the
// parameters, such as one that is there twice, stays so, and is answered then.
func (p *Provider) comeBack(c *gin.Context) error {
	text, err := bodyText(c.Writer, c.Request)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return errNotEncoded
	}
	body, err := url.ParseQuery(text)
	if err != nil {
		return errNotEncoded
	}
	for name, values := range body {
		form[name] = append(form[name], values...)
	}
	return p.toOwnAddress(c, authorizePath, form)
}
