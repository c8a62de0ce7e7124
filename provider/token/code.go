package token

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/postern-id/postern/storage"
)

// Prefixes, by which scanners can find leaked secrets.
const (
	codePrefix    = "pst_ac_"
	devicePrefix  = "pst_dc_"
	accessPrefix  = "pst_at_"
	refreshPrefix = "pst_rt_"
)

// strictBase64 refuses padding, other alphabets and stray bits at the end, so that one token has one spelling.
var strictBase64 = base64.RawURLEncoding.Strict()

// NewCode makes an authorization code of 256 random bits.
func NewCode() string { return codePrefix + secret() }

// NewDeviceCode makes a device code (RFC 8628 section 3.2) of 256 random bits.
func NewDeviceCode() string { return devicePrefix + secret() }

func secret() string {
	bits := make([]byte, 32)
	rand.Read(bits)
	return strictBase64.EncodeToString(bits)
}

// DeviceGrantHash returns the CodeHash of the grant of an approved device. It differs from the hash of the device code: otherwise the device code
// could be redeemed with the grant type authorization_code as well.
func DeviceGrantHash(d storage.DeviceRequest) []byte {
	return storage.Hash("device " + string(d.DeviceHash))
}

// Refresh tokens are computed and not stored: they are the grant's ID and the token's number in the family, with a keyed hash. So a family is a
// single row however long it lives, any earlier token is recognised as reused, and a forged one is refused without a query.
const refreshPurpose = "refresh token"

// RefreshToken returns the refresh token of a grant with the given number in its family.
func (i *Issuer) RefreshToken(grantID string, generation int64) string {
	number := strconv.FormatInt(generation, 10)
	mac := i.store.MAC(refreshPurpose, grantID, number)
	return refreshPrefix + grantID + "." + number + "." + strictBase64.EncodeToString(mac)
}

// ReadRefreshToken returns the grant and the number of a refresh token. ok is false unless [Issuer.RefreshToken] has made exactly this string.
func (i *Issuer) ReadRefreshToken(token string) (grantID string, generation int64, ok bool) {
	rest, found := strings.CutPrefix(token, refreshPrefix)
	parts := strings.Split(rest, ".")
	if !found || len(parts) != 3 || len(token) > 200 {
		return "", 0, false
	}
	generation, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || !hmac.Equal([]byte(token), []byte(i.RefreshToken(parts[0], generation))) {
		return "", 0, false
	}
	return parts[0], generation, true
}

// WithinGrace reports whether the refresh token with that number was replaced within the grace period, by one that was not used yet. The answer may
// have been lost, so the client gets the same successor again. A family never has two valid tokens.
func (i *Issuer) WithinGrace(state storage.GrantState, generation int64, now time.Time) bool {
	return generation == state.Generation-1 && now.Sub(state.RotatedAt.Time) <= i.refreshGrace
}
