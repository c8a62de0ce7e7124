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

// Prefixes by which scanners find leaked secrets.
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

// DeviceGrantHash returns what the grant of an approved device has as the hash of its code. It is not the hash of the device code, which
// would then be good for the grant type authorization_code as well.
func DeviceGrantHash(d storage.DeviceRequest) []byte {
	return storage.Hash("device " + string(d.DeviceHash))
}

// Refresh tokens are computed, not stored: the grant's ID and the token's number in the family under a keyed hash. So the
// family is one row whatever its age, a token of any earlier number is recognised as reused, and an invented one is
// refused before the database is asked.
const refreshPurpose = "refresh token"

// RefreshToken returns the refresh token of a grant that has the given number in its family.
func (i *Issuer) RefreshToken(grantID string, generation int64) string {
	number := strconv.FormatInt(generation, 10)
	mac := i.store.MAC(refreshPurpose, grantID, number)
	return refreshPrefix + grantID + "." + number + "." + strictBase64.EncodeToString(mac)
}

// ReadRefreshToken takes a refresh token apart; ok is false unless [Issuer.RefreshToken] has made exactly this string.
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

// WithinGrace reports whether the refresh token with that number was replaced just now by one that was not used yet: its answer may
// have been lost, and the same successor is given out again. There never are two living tokens in a family.
func (i *Issuer) WithinGrace(state storage.GrantState, generation int64, now time.Time) bool {
	return generation == state.Generation-1 && now.Sub(state.RotatedAt.Time) <= i.refreshGrace
}
