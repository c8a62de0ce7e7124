package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// presented is an access token that was found to be good, with the grant behind it.
type presented struct {
	token accessToken
	state storage.GrantState // zero for client_credentials
}

// isTokenRefusal reports whether err says that an access token is not good.
func isTokenRefusal(err error) bool {
	refusal := new(oauth.Refusal)
	return errors.As(err, &refusal) && refusal.Code == oauth.InvalidToken
}

// accessTokenOf returns the access token of a request to a protected resource: in the header, or in the form body of a POST, in one
// place only (RFC 6750 sections 2 and 3.1). A token in the query is refused: it would be in every log. The empty string
// means that there is none. byProof: it came with the scheme of RFC 9449 section 7.1.
func accessTokenOf(r *http.Request, form url.Values) (token string, byProof bool, err error) {
	if r.URL.Query().Has("access_token") {
		return "", false, oauth.Refuse(oauth.TokenInQuery)
	}
	headers := r.Header.Values("Authorization")
	inBody := form.Get("access_token")
	switch {
	case len(headers) > 1, len(headers) == 1 && inBody != "":
		return "", false, oauth.Refuse(oauth.TokenSeveral)
	case len(headers) == 0:
		return inBody, false, nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	byProof = strings.EqualFold(scheme, "DPoP")
	if !byProof && !strings.EqualFold(scheme, "Bearer") {
		return "", false, nil
	}
	return strings.TrimLeft(token, " "), byProof, nil
}

// readAccessToken takes an access token of either form apart, without asking whether it was revoked.
func (p *Provider) readAccessToken(token string, now time.Time) (accessToken, bool) {
	if t, ok := openToken(p.store.Keyset(), token); ok {
		return t, true
	}
	payload, header, err := p.keys.Verify(token, p.keys.Algorithms(), now)
	// ID tokens and logout tokens are signed with the same keys (RFC 9068 section 4).
	if err != nil || header.Type != accessTokenType {
		return accessToken{}, false
	}
	var claims struct {
		Issuer   string       `json:"iss"`
		JTI      string       `json:"jti"`
		ClientID string       `json:"client_id"`
		Subject  string       `json:"sub"`
		Scope    string       `json:"scope"`
		UserInfo []string     `json:"userinfo_claims"`
		Issued   int64        `json:"iat"`
		Expires  int64        `json:"exp"`
		Audience []string     `json:"aud"`
		Key      confirmation `json:"cnf"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Issuer != p.cfg.Issuer || len(claims.Audience) == 0 {
		return accessToken{}, false
	}
	grantID, id, _ := strings.Cut(claims.JTI, ".")
	return accessToken{
		ID: id, GrantID: grantID, ClientID: claims.ClientID, Subject: claims.Subject, Scopes: strings.Fields(claims.Scope),
		UserInfo: claims.UserInfo, JKT: claims.Key.JKT, Issued: claims.Issued, Expires: claims.Expires, Audience: claims.Audience,
	}, true
}

// audience returns whom an access token of a client is meant for: the resource servers that the operator has registered for the client, or
// the issuer, which is the audience that the UserInfo endpoint expects (RFC 9068 sections 2.2 and 3).
func (p *Provider) audience(owner *client.Client, t accessToken) []string {
	switch {
	case len(t.Audience) > 0:
		return t.Audience
	case len(owner.Audience) > 0:
		return owner.Audience
	}
	return []string{p.cfg.Issuer}
}

// present returns the access token if it is good at now: genuine, not expired, not revoked, its grant, user and client not
// ended. It asks the database once. Errors: a [oauth.Refusal] with the code invalid_token, storage.ErrUnavailable.
func (p *Provider) present(ctx context.Context, token string, now time.Time) (presented, error) {
	t, ok := p.readAccessToken(token, now)
	if !ok || t.expired(now) {
		return presented{}, oauth.Refuse(oauth.AccessTokenUnknown)
	}
	if t.GrantID == "" {
		return p.presentClientToken(ctx, t)
	}
	state, err := p.grants.Grant(ctx, t.GrantID, t.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return presented{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	if err != nil {
		return presented{}, err
	}
	if state.Ended(now) || state.TokenRevoked {
		return presented{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	return presented{token: t, state: state}, nil
}

// presentClientToken judges a token of the client_credentials grant, which has no row but that of its revocation.
func (p *Provider) presentClientToken(ctx context.Context, t accessToken) (presented, error) {
	c, err := p.clients.Client(ctx, t.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && c.Disabled {
		return presented{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	if err != nil {
		return presented{}, err
	}
	revoked, err := p.grants.TokenRevoked(ctx, t.ID)
	if err != nil {
		return presented{}, err
	}
	if revoked {
		return presented{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	return presented{token: t}, nil
}
