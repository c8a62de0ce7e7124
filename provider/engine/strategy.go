package engine

import (
	"context"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// strategy makes codes and tokens for fosite's handlers. What fosite calls the signature of a token is the key by which fosite stores its session.
type strategy struct{ e *Engine }

// AuthorizeCodeSignature implements oauth2.AuthorizeCodeStrategy.
func (t strategy) AuthorizeCodeSignature(_ context.Context, code string) string {
	return string(storage.Hash(code))
}

// GenerateAuthorizeCode implements oauth2.AuthorizeCodeStrategy.
func (t strategy) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (code, signature string, err error) {
	u := unitOf(ctx)
	u.Code = token.NewCode()
	return u.Code, string(storage.Hash(u.Code)), nil
}

// ValidateAuthorizeCode implements oauth2.AuthorizeCodeStrategy: a code that was found by its hash is genuine, and GetAuthorizeCodeSession has
// checked its age.
func (t strategy) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }

// RefreshTokenSignature implements oauth2.RefreshTokenStrategy.
func (t strategy) RefreshTokenSignature(_ context.Context, token string) string { return token }

// GenerateRefreshToken implements oauth2.RefreshTokenStrategy.
func (t strategy) GenerateRefreshToken(ctx context.Context, _ fosite.Requester) (text, signature string, err error) {
	u := unitOf(ctx)
	u.Generation = u.Grant.Generation
	if !u.Retry {
		u.Generation++
	}
	text = t.e.cfg.Tokens.RefreshToken(u.Grant.ID, u.Generation)
	return text, text, nil
}

// ValidateRefreshToken implements oauth2.RefreshTokenStrategy: GetRefreshTokenSession has checked the token.
func (t strategy) ValidateRefreshToken(context.Context, fosite.Requester, string) error { return nil }

// AccessTokenSignature implements oauth2.AccessTokenStrategy.
func (t strategy) AccessTokenSignature(_ context.Context, token string) string { return token }

// ValidateAccessToken implements oauth2.AccessTokenStrategy. Fosite's introspection, the only caller, is not used.
func (t strategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrTokenSignatureMismatch
}

// GenerateAccessToken implements oauth2.AccessTokenStrategy.
func (t strategy) GenerateAccessToken(ctx context.Context, request fosite.Requester) (text, signature string, err error) {
	u := unitOf(ctx)
	var grant *token.Grant
	if u.Grant.ID != "" {
		grant = &u.Grant
	}
	u.AccessToken, u.ExpiresIn, err = t.e.cfg.Tokens.AccessToken(u.Client, grant, request.GetGrantedScopes(), u.Proof.JKT, u.Now)
	return u.AccessToken, u.AccessToken, err
}

// session holds what fosite's handlers keep between their steps.
type session struct {
	subject string
	expires map[fosite.TokenType]time.Time
}

var _ fosite.Session = (*session)(nil)

func (s *session) SetExpiresAt(key fosite.TokenType, at time.Time) {
	if s.expires == nil {
		s.expires = map[fosite.TokenType]time.Time{}
	}
	s.expires[key] = at
}

func (s *session) GetExpiresAt(key fosite.TokenType) time.Time { return s.expires[key] }
func (s *session) GetUsername() string                         { return "" }
func (s *session) GetSubject() string                          { return s.subject }
func (s *session) Clone() fosite.Session                       { return &session{subject: s.subject} }
