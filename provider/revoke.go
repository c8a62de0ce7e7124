package provider

import (
	"context"
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
	form, err := formBody(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := p.authenticate(c.Request.Context(), c.Request, form, now)
	if err != nil {
		return err
	}
	token := form.Get("token")
	if token == "" {
		return oauth.Refuse(oauth.IntrospectionTokenMissing)
	}
	if grantID, _, ok := readRefreshToken(p.store, token); ok {
		err = p.revokeFamily(c.Request.Context(), caller, grantID, &unit{now: now, address: c.Request.RemoteAddr})
	} else if t, ok := p.readAccessToken(token, now); ok && t.ClientID == caller.ID && !t.expired(now) {
		err = p.grants.RevokeToken(c.Request.Context(), t.ID, time.Unix(t.Expires, 0))
	}
	if err != nil {
		return err
	}
	noStore(c)
	c.Status(http.StatusOK)
	return nil
}

func (p *Provider) revokeFamily(ctx context.Context, caller *client.Client, grantID string, u *unit) error {
	var err error
	u.state, err = p.grants.Grant(ctx, grantID, "")
	if errors.Is(err, storage.ErrNotFound) || err == nil && u.state.ClientID != caller.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return p.endGrant(ctx, u, audit.TokenRevoked)
}
