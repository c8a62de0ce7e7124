package resource

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// revoke is the revocation endpoint (RFC 7009). A refresh token is revoked with its grant and everything issued for it, an access token alone. It is
// not an error if a token is unknown, belongs to another client or has ended (section 2.2).
func (e *Endpoints) revoke(c *gin.Context) error {
	now := time.Now()
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := e.cfg.Auth.Authenticate(c.Request, form, now)
	if err != nil {
		return err
	}
	text := form.Get("token")
	if text == "" {
		return oauth.Refuse(oauth.IntrospectionTokenMissing)
	}
	if grantID, _, ok := e.cfg.Tokens.ReadRefreshToken(text); ok {
		err = e.revokeGrant(c.Request, caller, grantID, now)
	} else if t, ok := e.cfg.Tokens.ReadAccessToken(text, now); ok && t.ClientID == caller.ID && !t.Expired(now) {
		err = e.cfg.Grants.RevokeAccessToken(c.Request.Context(), t.ID, time.Unix(t.Expires, 0))
	}
	if err != nil {
		return err
	}
	oauth.NoStore(c)
	c.Status(http.StatusOK)
	return nil
}

// revokeGrant revokes a grant if it is the caller's.
func (e *Endpoints) revokeGrant(r *http.Request, caller *client.Client, grantID string, now time.Time) error {
	state, err := e.cfg.Grants.ByID(r.Context(), grantID, "")
	if errors.Is(err, storage.ErrNotFound) || err == nil && state.ClientID != caller.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return e.cfg.Tokens.RevokeGrant(r.Context(), state.Grant, audit.TokenRevoked, r.RemoteAddr, now)
}
