package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
)

// IDToken signs what a client is told at the token endpoint about the sign-in behind a grant (OIDC Core sections 2 and 3.1.3.6). accessToken is
// the one that comes with it.
func (i *Issuer) IDToken(c *client.Client, g *Grant, accessToken string, now time.Time) (string, error) {
	claims := i.idTokenClaims(c, g, nil, now)
	if c.IDTokenAlg != client.AlgNone { // without an algorithm there is no hash
		claims["at_hash"] = halfHash(c.IDTokenAlg, accessToken)
	}
	return i.signIDToken(c, claims, now)
}

// Beside is what comes through the browser together with an ID token. What does not come is empty.
type Beside struct{ Code, AccessToken, State string }

// FrontIDToken signs the ID token that passes through the browser. It names what comes beside it by hash, so that nothing of that can be
// exchanged on the way (OIDC Core sections 3.2.2.10 and 3.3.2.11; s_hash is of FAPI). Without an access token there is no other way
// to the claims of the scopes: OIDC Core section 5.4.
func (i *Issuer) FrontIDToken(c *client.Client, g *Grant, beside Beside, now time.Time) (string, error) {
	var scopes []string
	if beside.Code == "" && beside.AccessToken == "" {
		scopes = g.Scopes
	}
	claims := i.idTokenClaims(c, g, scopes, now)
	for name, value := range map[string]string{"at_hash": beside.AccessToken, "c_hash": beside.Code, "s_hash": beside.State} {
		if value != "" {
			claims[name] = halfHash(c.IDTokenAlg, value)
		}
	}
	return i.signIDToken(c, claims, now)
}

// idTokenClaims returns the claims that the scopes release and those that were asked for by name, and those that say who signed in and how. The latter win.
func (i *Issuer) idTokenClaims(c *client.Client, g *Grant, scopes []string, now time.Time) map[string]any {
	claims := scope.Values(g.User, scope.Released(c, scopes, g.Detail.Named.IDToken), now)
	for name, value := range map[string]any{
		"iss":       i.issuer,
		"sub":       i.Subject(c, g.UserID),
		"aud":       c.ID,
		"iat":       now.Unix(),
		"exp":       now.Add(i.idTokenLife).Unix(),
		"auth_time": g.AuthTime.Unix(), // of the sign-in, also after many refreshes: OIDC Core section 12.2
		"acr":       g.Detail.ACR,
		"amr":       g.Detail.AMR,
		"sid":       i.SID(c, g.SID),
	} {
		claims[name] = value
	}
	if g.Detail.Nonce != "" {
		claims["nonce"] = g.Detail.Nonce
	}
	return claims
}

func (i *Issuer) signIDToken(c *client.Client, claims map[string]any, now time.Time) (string, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if c.IDTokenAlg == client.AlgNone { // RFC 7519 section 6; only over TLS from the token endpoint to the client that asked for it
		return unsigned(text), nil
	}
	return i.keys.Sign(c.IDTokenAlg, TypeJWT, text, now)
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

// UserInfo signs the claims of a UserInfo response for a client that is registered for that (OIDC Core section 5.3.2).
func (i *Issuer) UserInfo(c *client.Client, claims map[string]any, now time.Time) (string, error) {
	claims["iss"], claims["aud"] = i.issuer, c.ID
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return i.keys.Sign(c.UserInfoAlg, userInfoType, text, now)
}

// Hint is what an ID token that a client sent back says: who was signed in, where, and in which session.
type Hint struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// ReadHint reads an ID token of ours, signed with a key that is still published; it may have expired. ok is false for everything else,
// what else was signed with the same keys included.
func (i *Issuer) ReadHint(text string, now time.Time) (hint Hint, ok bool) {
	payload, header, err := i.keys.Verify(text, i.keys.Algorithms(), now)
	if err != nil || !HasType(header.Type, TypeJWT) {
		return Hint{}, false
	}
	if json.Unmarshal(payload, &hint) != nil || hint.Issuer != i.issuer || hint.Audience == "" || hint.Subject == "" {
		return Hint{}, false
	}
	return hint, true
}

// HintSubject returns the subject of an id_token_hint: an ID token of ours for this client (OIDC Core section 3.1.2.1). It is empty when there is
// no hint. Errors: an [oauth.Refusal].
func (i *Issuer) HintSubject(text, clientID string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	hint, ok := i.ReadHint(text, now)
	if !ok || hint.Audience != clientID {
		return "", oauth.Refuse(oauth.HintUnusable)
	}
	return hint.Subject, nil
}
