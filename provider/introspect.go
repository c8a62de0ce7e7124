package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// introspect is the introspection endpoint (RFC 7662). A confidential client may ask about its own tokens, and a resource
// server about access tokens meant for it; anything else is answered like a token that does not exist.
func (p *Provider) introspect(c *gin.Context) error {
	now := time.Now()
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := p.auth.Authenticate(c.Request, form, now)
	if err != nil {
		return err
	}
	if caller.Public() {
		return oauth.Refuse(oauth.ClientPublic)
	}
	if !form.Has("token") {
		return oauth.Refuse(oauth.IntrospectionTokenMissing)
	}
	oauth.NoStore(c)
	if grantID, generation, ok := p.tokens.ReadRefreshToken(form.Get("token")); ok {
		return p.introspectRefresh(c, caller, grantID, generation, now)
	}
	shown, err := p.tokens.Validate(c.Request.Context(), form.Get("token"), now)
	owner := caller
	if err == nil && shown.ClientID != caller.ID {
		owner, err = p.ownerFor(c.Request.Context(), caller, shown.AccessToken)
	}
	if token.IsInvalid(err) {
		c.JSON(http.StatusOK, gin.H{"active": false})
		return nil
	}
	if err != nil {
		return err
	}
	said := gin.H{
		"active": true, "token_type": token.Type(shown.JKT), "client_id": shown.ClientID, "sub": shown.Subject, "iss": p.cfg.Issuer,
		"scope": strings.Join(shown.Scopes, " "), "iat": shown.Issued, "exp": shown.Expires,
		"jti": shown.JTI(), "aud": p.tokens.Audience(owner, shown.AccessToken),
	}
	if shown.JKT != "" { // RFC 9449 section 6.2
		said["cnf"] = token.Confirmation{JKT: shown.JKT}
	}
	c.JSON(http.StatusOK, said)
	return nil
}

// ownerFor returns the client of another client's token, or a refusal unless the caller is in the audience of that client's tokens.
func (p *Provider) ownerFor(ctx context.Context, caller *client.Client, t token.AccessToken) (*client.Client, error) {
	owner, err := p.clients.Client(ctx, t.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !slices.Contains(owner.Audience, caller.ID) {
		return nil, oauth.Refuse(oauth.AccessTokenAudience)
	}
	return owner, err
}

func (p *Provider) introspectRefresh(c *gin.Context, caller *client.Client, grantID string, generation int64, now time.Time) error {
	state, err := p.store.Grants.ByID(c.Request.Context(), grantID, "")
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err != nil || state.ClientID != caller.ID || state.Ended(now) || !now.Before(state.IdleUntil.Time) || generation != state.Generation {
		c.JSON(http.StatusOK, gin.H{"active": false})
		return nil
	}
	c.JSON(http.StatusOK, gin.H{
		"active": true, "token_type": "refresh_token", "client_id": state.ClientID, "sub": p.tokens.Subject(caller, state.UserID), "iss": p.cfg.Issuer,
		"scope": strings.Join(state.Scopes, " "), "exp": min(state.IdleUntil.Unix(), state.ExpiresAt.Unix()),
	})
	return nil
}
