package resource

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// introspect is the introspection endpoint (RFC 7662). A confidential client may ask about its own tokens, and a resource server about access tokens
// that have it in their audience. For any other token, the answer is the same as for one that does not exist.
func (e *Endpoints) introspect(c *gin.Context) error {
	now := time.Now()
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := e.cfg.Auth.Authenticate(c.Request, form, now)
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
	var answer gin.H
	if grantID, generation, ok := e.cfg.Tokens.ReadRefreshToken(form.Get("token")); ok {
		answer, err = e.describeRefreshToken(c.Request.Context(), caller, grantID, generation, now)
	} else {
		answer, err = e.describeAccessToken(c.Request.Context(), caller, form.Get("token"), now)
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

// inactive returns the answer for a token that is not valid, or that the caller may not ask about (RFC 7662 section 2.2).
func inactive() gin.H { return gin.H{"active": false} }

func (e *Endpoints) describeAccessToken(ctx context.Context, caller *client.Client, text string, now time.Time) (gin.H, error) {
	access, err := e.cfg.Tokens.Validate(ctx, text, now)
	owner := caller
	if err == nil && access.ClientID != caller.ID {
		owner, err = e.ownerFor(ctx, caller, access.AccessToken)
	}
	if token.IsInvalid(err) {
		return inactive(), nil
	}
	if err != nil {
		return nil, err
	}
	answer := gin.H{
		"active": true, "token_type": token.Type(access.JKT), "client_id": access.ClientID, "sub": access.Subject, "iss": e.cfg.Issuer,
		"scope": strings.Join(access.Scopes, " "), "iat": access.Issued, "exp": access.Expires,
		"jti": access.JTI(), "aud": e.cfg.Tokens.Audience(owner, access.AccessToken),
	}
	if access.JKT != "" { // RFC 9449 section 6.2
		answer["cnf"] = token.Confirmation{JKT: access.JKT}
	}
	maps.Copy(answer, personOf(access, owner, now))
	return answer, nil
}

// personOf returns the claims that the scopes of a token grant about its person: e-mail address, name, groups, and username (RFC 7662 section 2.2),
// which is the user name or else the e-mail address. A token of client_credentials has no scope about a person.
func personOf(access token.Valid, owner *client.Client, now time.Time) map[string]any {
	released := scope.Values(access.Grant.User, scope.Released(owner, access.Scopes, nil), now)
	person := map[string]any{}
	for _, name := range []string{"email", "email_verified", "name", "groups"} {
		if value, found := released[name]; found {
			person[name] = value
		}
	}
	for _, name := range []string{"email", "preferred_username"} {
		if value, found := released[name]; found {
			person["username"] = value
		}
	}
	return person
}

// ownerFor returns the client of another client's token. Errors: an [oauth.Refusal] unless that client's tokens have the caller in their audience.
func (e *Endpoints) ownerFor(ctx context.Context, caller *client.Client, t token.AccessToken) (*client.Client, error) {
	owner, err := e.cfg.Clients.Client(ctx, t.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !slices.Contains(owner.Audience, caller.ID) {
		return nil, oauth.Refuse(oauth.AccessTokenAudience)
	}
	return owner, err
}

// describeRefreshToken returns the answer for the refresh token of a grant with the number generation.
func (e *Endpoints) describeRefreshToken(
	ctx context.Context, caller *client.Client, grantID string, generation int64, now time.Time,
) (gin.H, error) {
	state, err := e.cfg.Grants.ByID(ctx, grantID, "")
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	if err != nil || state.ClientID != caller.ID || state.Ended(now) || !now.Before(state.IdleUntil.Time) || generation != state.Generation {
		return inactive(), nil
	}
	return gin.H{
		"active": true, "token_type": "refresh_token", "client_id": state.ClientID, "sub": e.cfg.Tokens.Subject(caller, state.UserID),
		"iss": e.cfg.Issuer, "scope": strings.Join(state.Scopes, " "), "exp": min(state.IdleUntil.Unix(), state.ExpiresAt.Unix()),
	}, nil
}
