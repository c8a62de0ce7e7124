package token

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// AccessToken is the content of an access token. The token itself is sealed by default, so that only this server can read it.
type AccessToken struct {
	ID       string   `json:"j"`
	GrantID  string   `json:"g,omitempty"` // empty: client_credentials
	ClientID string   `json:"c"`
	Subject  string   `json:"s"`
	Scopes   []string `json:"p"`
	UserInfo []string `json:"u,omitempty"` // claims asked for by name
	JKT      string   `json:"k,omitempty"` // thumbprint of the key it is bound to (RFC 9449 section 6)
	Issued   int64    `json:"i"`           // seconds since 1970
	Expires  int64    `json:"e"`

	Audience []string `json:"-"` // of a JWT; a sealed token has the audience that its client is registered with
}

// JTI returns the identifier that resource servers see (RFC 7519 section 4.1.7). It begins with the grant's ID, so that userinfo and introspection
// find the grant of a JWT.
func (t AccessToken) JTI() string { return t.GrantID + "." + t.ID }

// Expired reports whether the token has expired at now.
func (t AccessToken) Expired(now time.Time) bool { return now.Unix() >= t.Expires }

// Type returns the token_type of an access token that is bound to the key with this thumbprint, or to no key if jkt is empty (RFC 9449 section 5).
func Type(jkt string) string {
	if jkt != "" {
		return "DPoP"
	}
	return "Bearer"
}

// Confirmation is the claim cnf (RFC 9449 section 6.1).
type Confirmation struct {
	JKT string `json:"jkt"`
}

// AccessToken makes an access token for a grant, or, if g is nil, for the client itself (client_credentials). jkt is the thumbprint of the key that
// it is bound to; empty: it is not bound. life is the token's lifetime in seconds. Errors: [keys.ErrNoKey].
func (i *Issuer) AccessToken(c *client.Client, g *Grant, scopes []string, jkt string, now time.Time) (token string, life int64, err error) {
	t := AccessToken{
		ID: storage.NewID(), ClientID: c.ID, Subject: c.ID, Scopes: scopes, JKT: jkt, Issued: now.Unix(), Expires: now.Add(i.accessTokenLife).Unix(),
	}
	if g != nil {
		t.GrantID, t.Subject, t.UserInfo = g.ID, i.Subject(c, g.UserID), g.Detail.Named.UserInfo
		if g.Generation > 0 { // the token ends with its family at the latest
			t.Expires = min(t.Expires, g.ExpiresAt.Unix())
		}
	}
	if c.AccessTokenFormat == client.TokenJWT {
		token, err = i.signAccessToken(c, g, t, now)
	} else {
		token, err = seal(i.store.Keyset(), t)
	}
	return token, t.Expires - t.Issued, err
}

// signAccessToken returns t as a JWT, which resource servers can verify by themselves (RFC 9068 section 2.2).
func (i *Issuer) signAccessToken(c *client.Client, g *Grant, t AccessToken, now time.Time) (string, error) {
	claims := map[string]any{
		"iss": i.issuer, "sub": t.Subject, "aud": i.Audience(c, t), "client_id": t.ClientID, "iat": t.Issued, "exp": t.Expires,
		"jti": t.JTI(), "scope": strings.Join(t.Scopes, " "),
	}
	if len(t.UserInfo) > 0 {
		claims["userinfo_claims"] = t.UserInfo
	}
	if t.JKT != "" {
		claims["cnf"] = Confirmation{t.JKT}
	}
	if g != nil {
		claims["auth_time"], claims["acr"], claims["amr"] = g.AuthTime.Unix(), g.Detail.ACR, g.Detail.AMR
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	alg := c.IDTokenAlg
	if alg == client.AlgNone {
		alg = "RS256"
	}
	return i.keys.Sign(alg, accessTokenType, text, now)
}

// Audience returns the audience of an access token of a client: the resource servers that the operator has registered for the client, or
// the issuer, which is the audience that the UserInfo endpoint expects (RFC 9068 sections 2.2 and 3).
func (i *Issuer) Audience(c *client.Client, t AccessToken) []string {
	switch {
	case len(t.Audience) > 0:
		return t.Audience
	case len(c.Audience) > 0:
		return c.Audience
	}
	return []string{i.issuer}
}

// ReadAccessToken reads an access token of this server in either form. It does not check whether the token has expired or was revoked. ok is false
// for any other text.
func (i *Issuer) ReadAccessToken(token string, now time.Time) (t AccessToken, ok bool) {
	if t, ok := open(i.store.Keyset(), token); ok {
		return t, true
	}
	payload, header, err := i.keys.Verify(token, i.keys.Algorithms(), now)
	// ID tokens and logout tokens are signed with the same keys (RFC 9068 section 4).
	if err != nil || header.Type != accessTokenType {
		return AccessToken{}, false
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
		Key      Confirmation `json:"cnf"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Issuer != i.issuer || len(claims.Audience) == 0 {
		return AccessToken{}, false
	}
	grantID, id, _ := strings.Cut(claims.JTI, ".")
	return AccessToken{
		ID: id, GrantID: grantID, ClientID: claims.ClientID, Subject: claims.Subject, Scopes: strings.Fields(claims.Scope),
		UserInfo: claims.UserInfo, JKT: claims.Key.JKT, Issued: claims.Issued, Expires: claims.Expires, Audience: claims.Audience,
	}, true
}

// seal returns the sealed form of t: AEAD under the keyset, bound to its use as an access token.
func seal(keyset *storage.Keyset, t AccessToken) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed, err := keyset.Seal(text, "access_token", "", "")
	return accessPrefix + strictBase64.EncodeToString(sealed), err
}

// open reads a sealed access token. ok is false unless seal has made this string.
func open(keyset *storage.Keyset, token string) (t AccessToken, ok bool) {
	rest, found := strings.CutPrefix(token, accessPrefix)
	if !found || len(rest) > oauth.LongestParameter {
		return t, false
	}
	sealed, err := strictBase64.DecodeString(rest)
	// DecodeString skips line breaks, strict or not.
	if err != nil || strings.ContainsAny(rest, "\r\n") {
		return t, false
	}
	text, err := keyset.Open(sealed, "access_token", "", "")
	return t, err == nil && json.Unmarshal(text, &t) == nil
}
