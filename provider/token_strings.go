package provider

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/postern-id/postern/storage"
)

// Prefixes by which scanners find leaked secrets.
const (
	codePrefix    = "pst_ac_"
	accessPrefix  = "pst_at_"
	refreshPrefix = "pst_rt_"
)

// strictBase64 refuses padding, other alphabets and stray bits at the end, so that one token has one spelling.
var strictBase64 = base64.RawURLEncoding.Strict()

// newCode makes an authorization code of 256 random bits.
func newCode() string {
	secret := make([]byte, 32)
	rand.Read(secret)
	return codePrefix + strictBase64.EncodeToString(secret)
}

// Refresh tokens are computed, not stored: the grant's id and the token's number in the family under a keyed hash. So the
// family is one row whatever its age, a token of any earlier number is recognised as reused, and an invented one is
// refused before the database is asked.
const refreshPurpose = "refresh token"

func refreshToken(store *storage.Store, grantID string, generation int64) string {
	number := strconv.FormatInt(generation, 10)
	mac := store.MAC(refreshPurpose, grantID, number)
	return refreshPrefix + grantID + "." + number + "." + strictBase64.EncodeToString(mac)
}

// readRefreshToken takes a refresh token apart; ok is false unless Postern has made exactly this string.
func readRefreshToken(store *storage.Store, token string) (grantID string, generation int64, ok bool) {
	rest, found := strings.CutPrefix(token, refreshPrefix)
	parts := strings.Split(rest, ".")
	if !found || len(parts) != 3 || len(token) > 200 {
		return "", 0, false
	}
	generation, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || !hmac.Equal([]byte(token), []byte(refreshToken(store, parts[0], generation))) {
		return "", 0, false
	}
	return parts[0], generation, true
}

// accessToken is what an access token says. By default it is sealed: only Postern can read it.
type accessToken struct {
	ID       string   `json:"j"`
	GrantID  string   `json:"g,omitempty"` // empty: client_credentials
	ClientID string   `json:"c"`
	Subject  string   `json:"s"`
	Scopes   []string `json:"p"`
	UserInfo []string `json:"u,omitempty"` // claims asked for by name
	JKT      string   `json:"k,omitempty"` // thumbprint of the key it is bound to (RFC 9449 section 6)
	Issued   int64    `json:"i"`           // seconds since 1970
	Expires  int64    `json:"e"`

	Audience []string `json:"-"` // of a JWT; a sealed token is for the audience that its client is registered with
}

// jti is the identifier that resource servers see (RFC 7519 section 4.1.7). It begins with the grant's id, so that userinfo and introspection
// find the grant of a JWT.
func (t accessToken) jti() string { return t.GrantID + "." + t.ID }

// confirmation is the claim cnf (RFC 9449 section 6.1).
type confirmation struct {
	JKT string `json:"jkt"`
}

func (t accessToken) expired(now time.Time) bool { return now.Unix() >= t.Expires }

// sealToken returns the sealed form of t: AEAD under the keyset, bound to its use as an access token.
func sealToken(keyset *storage.Keyset, t accessToken) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed, err := keyset.Seal(text, "access_token", "", "")
	return accessPrefix + strictBase64.EncodeToString(sealed), err
}

// openToken reads a sealed access token; ok is false for any string that sealToken has not made.
func openToken(keyset *storage.Keyset, token string) (t accessToken, ok bool) {
	rest, found := strings.CutPrefix(token, accessPrefix)
	if !found || len(rest) > maxParameter {
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
