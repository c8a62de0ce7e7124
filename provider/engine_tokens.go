package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// tokens makes and recognises codes and tokens for fosite's handlers. What fosite calls the signature of a token is the key
// under which its session is stored.
type tokens struct{ p *Provider }

// AuthorizeCodeSignature implements oauth2.AuthorizeCodeStrategy.
func (t tokens) AuthorizeCodeSignature(_ context.Context, code string) string {
	return string(storage.Hash(code))
}

// GenerateAuthorizeCode implements oauth2.AuthorizeCodeStrategy.
func (t tokens) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (code, signature string, err error) {
	u := unitOf(ctx)
	u.code = newCode()
	return u.code, string(storage.Hash(u.code)), nil
}

// ValidateAuthorizeCode implements oauth2.AuthorizeCodeStrategy: a code that was found by the hash of all of it is genuine,
// and its age was checked there.
func (t tokens) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }

// RefreshTokenSignature implements oauth2.RefreshTokenStrategy.
func (t tokens) RefreshTokenSignature(_ context.Context, token string) string { return token }

// GenerateRefreshToken implements oauth2.RefreshTokenStrategy.
func (t tokens) GenerateRefreshToken(ctx context.Context, _ fosite.Requester) (token, signature string, err error) {
	u := unitOf(ctx)
	u.generation = u.state.Generation
	if !u.retry {
		u.generation++
	}
	token = refreshToken(t.p.store, u.state.ID, u.generation)
	return token, token, nil
}

// ValidateRefreshToken implements oauth2.RefreshTokenStrategy: it was read and found genuine before.
func (t tokens) ValidateRefreshToken(context.Context, fosite.Requester, string) error { return nil }

// AccessTokenSignature implements oauth2.AccessTokenStrategy.
func (t tokens) AccessTokenSignature(_ context.Context, token string) string { return token }

// ValidateAccessToken implements oauth2.AccessTokenStrategy. Fosite's introspection, the only caller, is not used.
func (t tokens) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrTokenSignatureMismatch
}

// GenerateAccessToken implements oauth2.AccessTokenStrategy.
func (t tokens) GenerateAccessToken(ctx context.Context, request fosite.Requester) (token, signature string, err error) {
	u := unitOf(ctx)
	claims := accessToken{
		ID: storage.NewID(), ClientID: u.client.ID, Subject: u.client.ID, Scopes: request.GetGrantedScopes(),
		JKT: u.proof.jkt, Issued: u.now.Unix(), Expires: u.now.Add(t.p.cfg.AccessTokenLife).Unix(),
	}
	if u.loaded {
		claims.GrantID, claims.Subject, claims.UserInfo = u.state.ID, t.p.subject(u.client, u.state.UserID), u.detail.Named.UserInfo
	}
	if u.state.Generation > 0 { // the token ends with its family at the latest
		claims.Expires = min(claims.Expires, u.state.ExpiresAt.Unix())
	}
	if u.client.AccessTokenFormat == client.TokenJWT {
		token, err = t.p.jwtAccessToken(u, claims)
	} else {
		token, err = sealToken(t.p.store.Keyset(), claims)
	}
	u.accessToken, u.expiresIn = token, claims.Expires-claims.Issued
	return token, token, err
}

// jwtAccessToken returns the form that resource servers verify by themselves (RFC 9068 section 2.2).
func (p *Provider) jwtAccessToken(u *unit, t accessToken) (string, error) {
	claims := map[string]any{
		"iss": p.cfg.Issuer, "sub": t.Subject, "aud": p.audience(u.client, t), "client_id": t.ClientID, "iat": t.Issued, "exp": t.Expires,
		"jti": t.jti(), "scope": joinScopes(t.Scopes),
	}
	if len(t.UserInfo) > 0 {
		claims["userinfo_claims"] = t.UserInfo
	}
	if t.JKT != "" {
		claims["cnf"] = confirmation{t.JKT}
	}
	if u.loaded {
		claims["auth_time"], claims["acr"], claims["amr"] = u.state.AuthTime.Unix(), u.detail.ACR, u.detail.AMR
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	alg := u.client.IDTokenAlg
	if alg == client.AlgNone {
		alg = "RS256"
	}
	return p.keys.Sign(alg, accessTokenType, text, u.now)
}

// session is the little that fosite's handlers keep between their steps.
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
