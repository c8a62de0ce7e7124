package page

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
)

// longestQuery is the maximum length of a query that [ToOwnURL] makes, in bytes: the server accepts 16 KiB of headers.
const longestQuery = 12 << 10

// ToOwnURL redirects a browser that posted a form to the same endpoint, with the form in the query. A browser that posts a form from another site
// leaves out our cookies, which are SameSite=Lax, but sends them when it follows the redirect. Without them the person would seem signed out, and the
// cookie that tells browsers apart would be replaced although pages in other tabs need it. Errors: an [oauth.Refusal] if the form is too long.
func ToOwnURL(c *gin.Context, endpoint string, form url.Values) error {
	query := form.Encode()
	if len(query) > longestQuery {
		refusal := oauth.Refuse(oauth.RequestTooLarge)
		refusal.Status = http.StatusRequestEntityTooLarge
		return refusal
	}
	return SeeOther(c, endpoint+"?"+query)
}

// SeeOther redirects the browser to url with status 303, so that it does not post a form again.
func SeeOther(c *gin.Context, url string) error {
	oauth.NoStore(c)
	c.Redirect(http.StatusSeeOther, url)
	return nil
}
