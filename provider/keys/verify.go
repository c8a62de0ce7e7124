package keys

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// longestToken is the length of the longest token that Verify accepts, in bytes.
const longestToken = 16 * 1024

// Header is what a verified token says about itself.
type Header struct {
	KeyID     string
	Algorithm string
	Type      string // typ; empty if the token has no typ
}

// Verify checks that token is a compact JWS that is signed by a published key with the key's algorithm, which must be one of algs. It returns the
// payload and the header. The caller must check what the payload says, including its expiry. Errors: [ErrToken], [ErrUnknownKey].
func (r *Ring) Verify(token string, algs []string, now time.Time) ([]byte, Header, error) {
	// A long token of dots would be costly to split, so its length comes first.
	if len(token) > longestToken || !oneSpelling(token) {
		return nil, Header{}, ErrToken
	}
	accepted := make([]jose.SignatureAlgorithm, 0, len(algs))
	for _, alg := range algs {
		if slices.Contains(algorithms, jose.SignatureAlgorithm(alg)) {
			accepted = append(accepted, jose.SignatureAlgorithm(alg))
		}
	}
	if len(accepted) == 0 {
		return nil, Header{}, ErrToken
	}
	parsed, err := jose.ParseSignedCompact(token, accepted)
	if err != nil {
		return nil, Header{}, errors.Join(ErrToken, err)
	}
	protected := parsed.Signatures[0].Protected
	k, known := r.current.Load().byID[protected.KeyID]
	switch {
	case !known || !k.published(now):
		return nil, Header{}, ErrUnknownKey
	case k.Algorithm != protected.Algorithm:
		return nil, Header{}, fmt.Errorf("%w: the key is for another algorithm", ErrToken)
	}
	payload, err := parsed.Verify(k.public)
	if err != nil {
		return nil, Header{}, errors.Join(ErrToken, err)
	}
	typ, _ := protected.ExtraHeaders[jose.HeaderType].(string)
	return payload, Header{KeyID: k.ID, Algorithm: k.Algorithm, Type: typ}, nil
}

// oneSpelling reports whether token has three parts in the only valid spelling of base64url. Decoders overlook line breaks and unused bits that are
// not zero, so a token could otherwise be turned into another text that is accepted too.
func oneSpelling(token string) bool {
	if strings.Count(token, ".") != 2 {
		return false
	}
	for part := range strings.SplitSeq(token, ".") {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != part {
			return false
		}
	}
	return true
}
