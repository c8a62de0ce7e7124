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

// IDToken returns the ID token of a grant for an answer of the token endpoint (OIDC Core sections 2 and 3.1.3.6). accessToken is the access token in
// the same answer, for at_hash. Errors: [keys.ErrNoKey].
func (i *Issuer) IDToken(c *client.Client, g *Grant, accessToken string, now time.Time) (string, error) {
	return i.besideAccessToken(c, i.idTokenClaims(c, g, nil, now), accessToken, now)
}

// RefreshedIDToken returns the ID token of a grant for the answer to a refresh token. It is like the first one, but made now, and has no nonce, which
// belongs to the authorization request (OIDC Core section 12.2). Errors: [keys.ErrNoKey].
func (i *Issuer) RefreshedIDToken(c *client.Client, g *Grant, accessToken string, now time.Time) (string, error) {
	claims := i.idTokenClaims(c, g, nil, now)
	delete(claims, "nonce")
	return i.besideAccessToken(c, claims, accessToken, now)
}

// besideAccessToken returns an ID token with these claims and the hash of the access token in the same answer.
func (i *Issuer) besideAccessToken(c *client.Client, claims map[string]any, accessToken string, now time.Time) (string, error) {
	if c.IDTokenAlg != client.AlgNone { // without an algorithm there is no hash
		claims["at_hash"] = halfHash(c.IDTokenAlg, accessToken)
	}
	return i.signIDToken(c, claims, now)
}

// Beside holds what is sent through the browser together with an ID token. Missing parts are empty.
type Beside struct{ Code, AccessToken, State string }

// FrontIDToken returns the ID token of a grant for an authorization response. It contains hashes of the parameters beside it, so that none of them
// can be replaced on the way (OIDC Core sections 3.2.2.10 and 3.3.2.11; s_hash comes from FAPI). If there is neither a code nor an access token, it
// contains the claims of the scopes, which the client could not get otherwise (OIDC Core section 5.4). Errors: [keys.ErrNoKey].
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

// idTokenClaims returns the claims of the scopes, those asked for by name, and those that say who signed in and how. The last ones override the
// others.
func (i *Issuer) idTokenClaims(c *client.Client, g *Grant, scopes []string, now time.Time) map[string]any {
	claims := scope.Values(g.User, scope.Released(c, scopes, g.Detail.Named.IDToken), now)
	for name, value := range map[string]any{
		"iss":       i.issuer,
		"sub":       i.Subject(c, g.UserID),
		"aud":       c.ID,
		"iat":       now.Unix(),
		"exp":       now.Add(i.idTokenLife).Unix(),
		"auth_time": g.AuthTime.Unix(), // the time of the sign-in, even after refreshes: OIDC Core section 12.2
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

// halfHash returns the left half of a token's hash, by the hash function of the signing algorithm (OIDC Core section 3.1.3.6). Ed25519 uses SHA-512.
func halfHash(alg, token string) string {
	var h hash.Hash = sha256.New()
	if alg == "EdDSA" {
		h = sha512.New()
	}
	h.Write([]byte(token))
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// UserInfo returns the claims of a UserInfo response as a JWT, for a client that is registered for signed ones (OIDC Core section 5.3.2). It adds iss
// and aud to claims. Errors: [keys.ErrNoKey].
func (i *Issuer) UserInfo(c *client.Client, claims map[string]any, now time.Time) (string, error) {
	claims["iss"], claims["aud"] = i.issuer, c.ID
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return i.keys.Sign(c.UserInfoAlg, userInfoType, text, now)
}

// Hint holds the claims of an ID token that a client sent back: who was signed in, at which client, and in which session.
type Hint struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// ReadHint reads an ID token of this server that is signed with a key that is still published. The token may have expired. ok is false for everything
// else, including other JWTs that were signed with the same keys.
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

// HintSubject returns the subject of an id_token_hint, which must be an ID token of this server for this client (OIDC Core section 3.1.2.1). It is
// empty if text is empty. Errors: an [oauth.Refusal].
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
