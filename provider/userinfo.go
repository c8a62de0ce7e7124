package provider

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
)

// userinfo is the UserInfo endpoint (OIDC Core section 5.3), by GET or POST.
func (p *Provider) userinfo(c *gin.Context) error {
	var form url.Values
	if c.Request.Method == http.MethodPost && c.Request.ContentLength != 0 {
		var err error
		if form, err = oauth.Form(c.Writer, c.Request); err != nil {
			return err
		}
	}
	token, byProof, err := oauth.AccessToken(c.Request, form)
	if err != nil {
		return err
	}
	now := time.Now()
	shown, owner, err := p.admit(c, token, byProof, now)
	if err == nil && !slices.Contains(shown.Scopes, "openid") {
		err = errNeedsOpenID
	}
	if err != nil {
		return &oauth.ResourceError{Err: err, ByProof: byProof}
	}
	claims := scope.Values(shown.Grant.User, scope.Released(owner, shown.Scopes, shown.UserInfo), now)
	claims["sub"] = p.tokens.Subject(owner, shown.Grant.UserID)
	return p.writeUserInfo(c, owner, claims, now)
}

// writeUserInfo answers with the claims, signed for a client that is registered for that (OIDC Core section 5.3.2).
func (p *Provider) writeUserInfo(c *gin.Context, owner *client.Client, claims map[string]any, now time.Time) error {
	oauth.NoStore(c)
	if owner.UserInfoAlg == "" {
		c.JSON(http.StatusOK, claims)
		return nil
	}
	signed, err := p.tokens.UserInfo(owner, claims, now)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/jwt", []byte(signed))
	return nil
}

var (
	// errNoToken has no code: a request without credentials is told how to send them and nothing else (RFC 6750 section 3.1).
	errNoToken     = oauth.Refuse(oauth.TokenMissing)
	errNeedsOpenID = oauth.Refuse(oauth.AccessTokenScope)
)
