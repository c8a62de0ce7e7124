package provider

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

// revoke is the revocation endpoint (RFC 7009). A refresh token takes its whole family along; an access token only itself.
// A token that is unknown, not the caller's or ended already is no error (section 2.2).
func (p *Provider) revoke(c *gin.Context) error {
	now := time.Now()
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := p.auth.Authenticate(c.Request, form, now)
	if err != nil {
		return err
	}
	token := form.Get("token")
	if token == "" {
		return oauth.Refuse(oauth.IntrospectionTokenMissing)
	}
	if grantID, _, ok := p.tokens.ReadRefreshToken(token); ok {
		err = p.revokeFamily(c.Request, caller, grantID, now)
	} else if t, ok := p.tokens.ReadAccessToken(token, now); ok && t.ClientID == caller.ID && !t.Expired(now) {
		err = p.store.Grants.RevokeAccessToken(c.Request.Context(), t.ID, time.Unix(t.Expires, 0))
	}
	if err != nil {
		return err
	}
	oauth.NoStore(c)
	c.Status(http.StatusOK)
	return nil
}

func (p *Provider) revokeFamily(r *http.Request, caller *client.Client, grantID string, now time.Time) error {
	state, err := p.store.Grants.ByID(r.Context(), grantID, "")
	if errors.Is(err, storage.ErrNotFound) || err == nil && state.ClientID != caller.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return p.tokens.RevokeGrant(r.Context(), state.Grant, audit.TokenRevoked, r.RemoteAddr, now)
}
