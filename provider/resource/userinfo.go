package resource

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

// userinfo is the UserInfo endpoint (OIDC Core section 5.3), for GET and POST.
func (e *Endpoints) userinfo(c *gin.Context) error {
	var form url.Values
	if c.Request.Method == http.MethodPost && c.Request.ContentLength != 0 {
		var err error
		if form, err = oauth.Form(c.Writer, c.Request); err != nil {
			return err
		}
	}
	text, byProof, err := oauth.AccessToken(c.Request, form)
	if err != nil {
		return err
	}
	now := time.Now()
	access, owner, err := e.authorize(c, text, byProof, now)
	if err == nil && !slices.Contains(access.Scopes, "openid") {
		err = oauth.Refuse(oauth.AccessTokenScope)
	}
	if err != nil {
		return &oauth.ResourceError{Err: err, ByProof: byProof}
	}
	claims := scope.Values(access.Grant.User, scope.Released(owner, access.Scopes, access.UserInfo), now)
	claims["sub"] = e.cfg.Tokens.Subject(owner, access.Grant.UserID)
	return e.writeUserInfo(c, owner, claims, now)
}

// writeUserInfo answers with the claims, signed if the client is registered for that (OIDC Core section 5.3.2).
func (e *Endpoints) writeUserInfo(c *gin.Context, owner *client.Client, claims map[string]any, now time.Time) error {
	oauth.NoStore(c)
	if owner.UserInfoAlg == "" {
		c.JSON(http.StatusOK, claims)
		return nil
	}
	signed, err := e.cfg.Tokens.UserInfo(owner, claims, now)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/jwt", []byte(signed))
	return nil
}
