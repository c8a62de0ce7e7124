package provider

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// userinfo is the UserInfo endpoint (OIDC Core section 5.3), by GET or POST.
func (p *Provider) userinfo(c *gin.Context) error {
	var form url.Values
	if c.Request.Method == http.MethodPost && c.Request.ContentLength != 0 {
		var err error
		if form, err = bodyOnly(c.Writer, c.Request); err != nil {
			return err
		}
	}
	token, err := bearer(c.Request, form)
	if err != nil {
		return err
	}
	if token == "" {
		return errNoToken
	}
	now := time.Now()
	shown, err := p.present(c.Request.Context(), token, now)
	if err != nil {
		return err
	}
	if !slices.Contains(shown.token.Scopes, "openid") {
		return errNeedsOpenID
	}
	claims := userClaims(shown.state.User, namesOf(shown.token.Scopes, shown.token.UserInfo), now)
	claims["sub"] = shown.state.UserID
	noStore(c)
	c.JSON(http.StatusOK, claims)
	return nil
}

var (
	// errNoToken has no code: a request without credentials is told how to send them and nothing else (RFC 6750 section 3.1).
	errNoToken     = &oauthError{Status: http.StatusUnauthorized}
	errNeedsOpenID = &oauthError{Status: http.StatusForbidden, Code: insufficientScope, Description: "The access token needs the scope openid."}
)
