package provider

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
)

// idToken signs what a client is told about the sign-in behind the unit's grant, at the token endpoint (OIDC Core sections 2
// and 3.1.3.6).
func (p *Provider) idToken(u *unit) (string, error) {
	claims := p.idTokenClaims(u, nil)
	if u.client.IDTokenAlg != client.AlgNone { // whose header names no hash
		claims["at_hash"] = halfHash(u.client.IDTokenAlg, u.accessToken)
	}
	return p.signIDToken(u, claims)
}

// frontIDToken signs the ID token that passes through the browser. It names what comes beside it by hash, so that none of it can be
// exchanged on the way (OIDC Core sections 3.2.2.10 and 3.3.2.11; s_hash is of FAPI). Without an access token there is no other way
// to the claims of the scopes: OIDC Core section 5.4.
func (p *Provider) frontIDToken(u *unit) (string, error) {
	var scopes []string
	if types := u.request.types; !types.code && !types.token {
		scopes = u.state.Scopes
	}
	claims := p.idTokenClaims(u, scopes)
	for name, value := range map[string]string{"at_hash": u.accessToken, "c_hash": u.code, "s_hash": u.request.state} {
		if value != "" {
			claims[name] = halfHash(u.client.IDTokenAlg, value)
		}
	}
	return p.signIDToken(u, claims)
}

// idTokenClaims lists the claims: what is released of the user by the scopes and by name, and over it those that say who signed in and how.
func (p *Provider) idTokenClaims(u *unit, scopes []string) map[string]any {
	claims := scope.Values(u.state.User, scope.Released(u.client, scopes, u.detail.Named.IDToken), u.now)
	for name, value := range map[string]any{
		"iss":       p.cfg.Issuer,
		"sub":       p.subject(u.client, u.state.UserID),
		"aud":       u.client.ID,
		"iat":       u.now.Unix(),
		"exp":       u.now.Add(p.cfg.IDTokenLife).Unix(),
		"auth_time": u.state.AuthTime.Unix(), // of the sign-in, also after many refreshes: OIDC Core section 12.2
		"acr":       u.detail.ACR,
		"amr":       u.detail.AMR,
		"sid":       p.sid(u.client, u.state.SID),
	} {
		claims[name] = value
	}
	if u.detail.Nonce != "" {
		claims["nonce"] = u.detail.Nonce
	}
	return claims
}

func (p *Provider) signIDToken(u *unit, claims map[string]any) (string, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if u.client.IDTokenAlg == client.AlgNone { // RFC 7519 section 6; only over TLS from the token endpoint to the client that asked for it
		return unsigned(text), nil
	}
	return p.keys.Sign(u.client.IDTokenAlg, anyJWT, text, u.now)
}

func unsigned(claims []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(claims) + "."
}

// halfHash is the left half of a token's hash under the hash of the signing algorithm (OIDC Core section 3.1.3.6). Ed25519 signs
// with SHA-512.
func halfHash(alg, token string) string {
	var h hash.Hash = sha256.New()
	if alg == "EdDSA" {
		h = sha512.New()
	}
	h.Write([]byte(token))
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// hintOf returns the subject of an id_token_hint: an ID token of ours for this client (OIDC Core section 3.1.2.1).
func (p *Provider) hintOf(hint, clientID string, now time.Time) (string, error) {
	if hint == "" {
		return "", nil
	}
	claims, ok := p.readHint(hint, now)
	if !ok || claims.Audience != clientID {
		return "", oauth.Refuse(oauth.HintUnusable)
	}
	return claims.Subject, nil
}

// hintClaims is what an ID token that was sent back tells: who was signed in, where, and in which session.
type hintClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// readHint reads an ID token of ours, signed with a key that is still published; it may have expired. ok is false for everything else,
// what else was signed with the same keys included.
func (p *Provider) readHint(hint string, now time.Time) (claims hintClaims, ok bool) {
	payload, header, err := p.keys.Verify(hint, p.keys.Algorithms(), now)
	if err != nil || !hasType(header.Type, anyJWT) {
		return hintClaims{}, false
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Issuer != p.cfg.Issuer || claims.Audience == "" || claims.Subject == "" {
		return hintClaims{}, false
	}
	return claims, true
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }
