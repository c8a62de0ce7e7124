package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// engineStorage is what fosite takes for its database. It has no state: the unit of work is in the context.
type engineStorage struct{ p *Provider }

// GetClient implements fosite.ClientManager.
func (s engineStorage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	u := unitOf(ctx)
	c, err := s.p.clients.Client(ctx, id)
	if err == nil && c.Disabled {
		err = storage.ErrNotFound
	}
	if err != nil {
		return nil, u.note(err)
	}
	redirectURI := ""
	if u.request != nil {
		redirectURI = u.request.redirectURI
	}
	return engineClient{Client: c, redirectURI: redirectURI}, nil
}

// ClientAssertionJWTValid implements fosite.ClientManager. Fosite's own client authentication, the only caller, is not used.
func (s engineStorage) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrInvalidClient
}

// SetClientAssertionJWT implements fosite.ClientManager, like ClientAssertionJWTValid for a caller that is not used.
func (s engineStorage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrInvalidClient
}

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: the code was noted when it was generated.
func (s engineStorage) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. Of a code that was used before, the request comes
// with the error, and fosite has everything revoked that was issued for it; but not when the code belongs to another
// client or key, who could otherwise end grants that are none of his.
func (s engineStorage) GetAuthorizeCodeSession(ctx context.Context, codeHash string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if !u.loaded {
		state, err := s.p.grants.GrantByCode(ctx, []byte(codeHash))
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
	case u.client == nil || u.state.ClientID != u.client.ID:
		return nil, u.refuse(oauth.CodeOfAnotherClient)
	case u.state.Ended(u.now):
		return nil, u.refuse(oauth.CodeEnded)
	case !u.holds(u.detail.JKT):
		return nil, u.refuse(oauth.CodeOfAnotherKey)
	case !u.state.CodeUsedAt.IsZero():
		u.reused, u.why = audit.AuthorizationCodeReused, oauth.CodeUsed
		return s.requestOf(u), fosite.ErrInvalidatedAuthorizeCode
	case !u.now.Before(u.state.CodeExpiresAt.Time):
		return nil, u.refuse(oauth.CodeExpired)
	case !client.MatchRedirectURI(u.client, u.detail.RedirectURI): // unregistered since the code was issued
		return nil, u.refuse(oauth.CodeRedirectURI)
	}
	return s.requestOf(u), nil
}

// load takes a grant into the unit of work.
func (u *unit) load(state storage.GrantState) error {
	u.state, u.loaded = state, true
	if err := json.Unmarshal(state.Detail, &u.detail); err != nil {
		return u.note(fmt.Errorf("read the detail of grant %s: %w", state.ID, err))
	}
	return nil
}

// requestOf is the grant in the form that fosite's handlers work on.
func (s engineStorage) requestOf(u *unit) *fosite.Request {
	return &fosite.Request{
		ID:             u.state.ID,
		RequestedAt:    u.state.CreatedAt.Time,
		Client:         engineClient{Client: u.client},
		RequestedScope: fosite.Arguments(u.state.Scopes),
		GrantedScope:   fosite.Arguments(u.state.Scopes),
		Form: map[string][]string{
			"redirect_uri": {u.detail.RedirectURI}, "code_challenge": {u.detail.Challenge}, "code_challenge_method": {"S256"},
		},
		Session: &session{subject: u.state.UserID},
	}
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: the code is spent when the unit is written.
func (s engineStorage) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }

// GetPKCERequestSession implements pkce.PKCERequestStorage. It is asked after GetAuthorizeCodeSession has loaded the grant.
func (s engineStorage) GetPKCERequestSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	if u.detail.Challenge == "" {
		return nil, fosite.ErrNotFound
	}
	return s.requestOf(u), nil
}

// CreatePKCERequestSession implements pkce.PKCERequestStorage: the challenge is kept with the grant.
func (s engineStorage) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage. Fosite calls it before it compares the verifier; the
// challenge must survive a wrong one, or the next request would need none.
func (s engineStorage) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateAccessTokenSession implements oauth2.AccessTokenStorage: access tokens are self-contained.
func (s engineStorage) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage. Fosite's introspection, the only caller, is not used.
func (s engineStorage) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage, like GetAccessTokenSession for a caller that is not used.
func (s engineStorage) DeleteAccessTokenSession(context.Context, string) error { return nil }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage: the number was noted when the token was generated.
func (s engineStorage) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage. The signature is the token itself, proven to be ours.
func (s engineStorage) GetRefreshTokenSession(ctx context.Context, token string, _ fosite.Session) (fosite.Requester, error) {
	u := unitOf(ctx)
	grantID, generation, ok := readRefreshToken(s.p.store, token)
	if !ok {
		return nil, u.refuse(oauth.RefreshUnknown)
	}
	state, err := s.p.grants.Grant(ctx, grantID, "")
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
	case u.client == nil || state.ClientID != u.client.ID:
		return nil, u.refuse(oauth.RefreshOfAnotherClient)
	case state.Ended(u.now):
		return nil, u.refuse(oauth.RefreshEnded)
	case !u.now.Before(state.IdleUntil.Time):
		return nil, u.refuse(oauth.RefreshExpired)
	case !u.holds(state.JKT):
		return nil, u.refuse(oauth.RefreshOfAnotherKey)
	case generation == state.Generation:
		return s.requestOf(u), nil
	case s.p.withinGrace(state, generation, u.now):
		u.retry = true
		return s.requestOf(u), nil
	}
	u.reused, u.why = audit.RefreshTokenReused, oauth.RefreshUsed
	return s.requestOf(u), fosite.ErrInactiveToken
}

// withinGrace reports whether the token of that number was replaced just now by one that was not used yet: its answer may
// have been lost, and the same successor is given out again. There never are two living tokens in a family.
func (p *Provider) withinGrace(state storage.GrantState, generation int64, now time.Time) bool {
	return generation == state.Generation-1 && now.Sub(state.RotatedAt.Time) <= p.cfg.RefreshGrace
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage; the whole family is revoked by the call that follows.
func (s engineStorage) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RotateRefreshToken implements oauth2.RefreshTokenStorage: the successor is made current when the unit is written.
func (s engineStorage) RotateRefreshToken(context.Context, string, string) error { return nil }

// RevokeAccessToken implements oauth2.TokenRevocationStorage; access tokens end with the grant.
func (s engineStorage) RevokeAccessToken(context.Context, string) error { return nil }

// RevokeRefreshToken implements oauth2.TokenRevocationStorage. Fosite calls it when a code or refresh token is presented
// that was used before: somebody has a copy. It commits by itself, whatever becomes of the request.
func (s engineStorage) RevokeRefreshToken(ctx context.Context, _ string) error {
	u := unitOf(ctx)
	return s.p.endGrant(ctx, u, u.reused)
}

// endGrant revokes the grant of the unit, in a transaction of its own.
func (p *Provider) endGrant(ctx context.Context, u *unit, why audit.Name) error {
	event := p.audit.Rider(audit.Event{
		Name: why, UserID: u.state.UserID, ClientID: u.state.ClientID, Actor: audit.ActorClient, Address: u.address,
	}, u.now)
	err := p.grants.RevokeGrant(ctx, u.state.ID, event, u.now)
	if errors.Is(err, storage.ErrStale) { // revoked already
		err = p.store.Confirm(ctx)
	}
	return u.note(err)
}
