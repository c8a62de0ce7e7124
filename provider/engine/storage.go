package engine

import (
	"context"
	"errors"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// adapter is fosite's view of the database. It has no state: the unit of work is in the context.
type adapter struct{ e *Engine }

// GetClient implements fosite.ClientManager.
func (s adapter) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	u := unitOf(ctx)
	c, err := s.e.cfg.Clients.Client(ctx, id)
	if err == nil && c.Disabled {
		err = storage.ErrNotFound
	}
	if err != nil {
		return nil, u.note(err)
	}
	redirectURI := ""
	if u.Request != nil {
		redirectURI = u.Request.Form.Get("redirect_uri")
	}
	return fositeClient{Client: c, redirectURI: redirectURI}, nil
}

// ClientAssertionJWTValid implements fosite.ClientManager. Fosite's own client authentication, the only caller, is not used.
func (s adapter) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrInvalidClient
}

// SetClientAssertionJWT implements fosite.ClientManager. Its only caller is not used either.
func (s adapter) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrInvalidClient
}

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: the unit has had the code since it was generated.
func (s adapter) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. For a used code it returns the request together with the error, so that fosite has
// everything revoked that was issued for the code. It returns no request for a code of another client or key: otherwise anyone could revoke someone
// else's grant.
func (s adapter) GetAuthorizeCodeSession(ctx context.Context, codeHash string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.Grant.ID == "" {
		state, err := s.e.cfg.Grants.ByCode(ctx, []byte(codeHash))
		if errors.Is(err, storage.ErrNotFound) {
			return nil, u.refuse(oauth.CodeUnknown)
		}
		if err != nil {
			return nil, u.note(err)
		}
		if err := u.load(state); err != nil {
			return nil, err
		}
	}
	switch {
	case u.Client == nil || u.Grant.ClientID != u.Client.ID:
		return nil, u.refuse(oauth.CodeOfAnotherClient)
	case u.Grant.Ended(u.Now):
		return nil, u.refuse(oauth.CodeEnded)
	case !u.Holds(u.Grant.Detail.JKT):
		return nil, u.refuse(oauth.CodeOfAnotherKey)
	case !u.Grant.CodeUsedAt.IsZero():
		u.reused, u.why = audit.AuthorizationCodeReused, oauth.CodeUsed
		return s.requestOf(u), fosite.ErrInvalidatedAuthorizeCode
	case !u.Now.Before(u.Grant.CodeExpiresAt.Time):
		return nil, u.refuse(oauth.CodeExpired)
	case !client.MatchRedirectURI(u.Client, u.Grant.Detail.RedirectURI): // no longer registered
		return nil, u.refuse(oauth.CodeRedirectURI)
	}
	return s.requestOf(u), nil
}

// requestOf returns the grant of the unit as a request that fosite's handlers understand.
func (s adapter) requestOf(u *Unit) *fosite.Request {
	return &fosite.Request{
		ID:             u.Grant.ID,
		RequestedAt:    u.Grant.CreatedAt.Time,
		Client:         fositeClient{Client: u.Client},
		RequestedScope: fosite.Arguments(u.Grant.Scopes),
		GrantedScope:   fosite.Arguments(u.Grant.Scopes),
		Form: map[string][]string{
			"redirect_uri": {u.Grant.Detail.RedirectURI}, "code_challenge": {u.Grant.Detail.Challenge}, "code_challenge_method": {"S256"},
		},
		Session: &session{subject: u.Grant.UserID},
	}
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: the caller of [Engine.Exchange] uses the code up.
func (s adapter) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }

// GetPKCERequestSession implements pkce.PKCERequestStorage. Fosite calls it after GetAuthorizeCodeSession has loaded the grant.
func (s adapter) GetPKCERequestSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.Grant.Detail.Challenge == "" {
		return nil, fosite.ErrNotFound
	}
	return s.requestOf(u), nil
}

// CreatePKCERequestSession implements pkce.PKCERequestStorage: the challenge is kept with the grant.
func (s adapter) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage. Fosite calls it before it compares the verifier. The challenge must stay, or the
// request after one with a wrong verifier would need no verifier.
func (s adapter) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateAccessTokenSession implements oauth2.AccessTokenStorage: access tokens are self-contained.
func (s adapter) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage. Fosite's introspection, the only caller, is not used.
func (s adapter) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage. Its only caller is not used either.
func (s adapter) DeleteAccessTokenSession(context.Context, string) error { return nil }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage: the unit has had the number since the token was generated.
func (s adapter) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage. The signature is the token itself.
func (s adapter) GetRefreshTokenSession(ctx context.Context, token string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	grantID, generation, ok := s.e.cfg.Tokens.ReadRefreshToken(token)
	if !ok {
		return nil, u.refuse(oauth.RefreshUnknown)
	}
	state, err := s.e.cfg.Grants.ByID(ctx, grantID, "")
	if errors.Is(err, storage.ErrNotFound) {
		return nil, u.refuse(oauth.RefreshEnded)
	}
	if err != nil {
		return nil, u.note(err)
	}
	if err := u.load(state); err != nil {
		return nil, err
	}
	switch {
	case u.Client == nil || state.ClientID != u.Client.ID:
		return nil, u.refuse(oauth.RefreshOfAnotherClient)
	case state.Ended(u.Now):
		return nil, u.refuse(oauth.RefreshEnded)
	case !u.Now.Before(state.IdleUntil.Time):
		return nil, u.refuse(oauth.RefreshExpired)
	case !u.Holds(state.JKT):
		return nil, u.refuse(oauth.RefreshOfAnotherKey)
	case generation == state.Generation:
		return s.requestOf(u), nil
	case s.e.cfg.Tokens.WithinGrace(state, generation, u.Now):
		u.Retry = true
		return s.requestOf(u), nil
	}
	u.reused, u.why = audit.RefreshTokenReused, oauth.RefreshUsed
	return s.requestOf(u), fosite.ErrInactiveToken
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage: the next call revokes the whole family.
func (s adapter) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RotateRefreshToken implements oauth2.RefreshTokenStorage: the caller of [Engine.Exchange] makes the successor current.
func (s adapter) RotateRefreshToken(context.Context, string, string) error { return nil }

// RevokeAccessToken implements oauth2.TokenRevocationStorage: access tokens end with their grant.
func (s adapter) RevokeAccessToken(context.Context, string) error { return nil }

// RevokeRefreshToken implements oauth2.TokenRevocationStorage. Fosite calls it when a request contains a used code or refresh token, of which
// somebody must have a copy. It revokes the grant in its own transaction, which stays committed when the request fails.
func (s adapter) RevokeRefreshToken(ctx context.Context, _ string) error {
	u := unitOf(ctx)
	return s.e.endGrant(ctx, u, u.reused)
}

// endGrant revokes the grant of the unit in its own transaction.
func (e *Engine) endGrant(ctx context.Context, u *Unit, why audit.Name) error {
	return u.note(e.cfg.Tokens.RevokeGrant(ctx, u.Grant.Grant, why, u.Address, u.Now))
}
