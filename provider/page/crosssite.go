package page

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
)

// longestQuery is how long the query of a URL of ours may get, in bytes: the server takes 16 KiB of headers.
const longestQuery = 12 << 10

// ToOwnURL sends a browser that came with a form to the same endpoint again, with the form in the query. A form of another site comes
// without our cookies, which are SameSite=Lax; the redirect that follows it comes with them. Without them nobody would be signed in, and the cookie that
// tells browsers apart would be replaced under the pages that are open in other tabs. Errors: an [oauth.Refusal] of a form that is too long.
func ToOwnURL(c *gin.Context, endpoint string, form url.Values) error {
	query := form.Encode()
	if len(query) > longestQuery {
		refusal := oauth.Refuse(oauth.RequestTooLarge)
		refusal.Status = http.StatusRequestEntityTooLarge
		return refusal
	}
	return SeeOther(c, endpoint+"?"+query)
}

// SeeOther sends the browser on with status 303: a form that led here is not sent again.
func SeeOther(c *gin.Context, url string) error {
	oauth.NoStore(c)
	c.Redirect(http.StatusSeeOther, url)
	return nil
}
