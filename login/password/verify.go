package password

import (
	"context"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Verify reports whether password is the one that encoded was made from.
// encoded is a hash of this Hasher or of another system, in one of the forms
// listed at ValidHash. outdated is true if the password is right and the
// caller should replace encoded by a new Hash of the same password: it has
// another algorithm or other costs, or was made without normalization.
//
// A password of more than 1024 bytes is wrong, without any work. bcrypt looks
// at the first 72 bytes only, so a longer password is compared as the other
// system did; its replacement counts every byte.
//
// Errors: ErrHash if encoded is not acceptable, ErrBusy, those of ctx while
// waiting.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (ok, outdated bool, err error) {
	hash, err := parseHash(encoded)
	if err != nil {
		return false, false, err
	}
	if len(password) > maxBytes {
		return false, false, nil
	}
	for i, form := range forms(password) {
		if err := h.gate.do(ctx, h.weight(hash), func() { ok = hash.match(form) }); err != nil {
			return false, false, err
		}
		if ok {
			return true, i > 0 || !h.current(hash), nil
		}
	}
	return false, false, nil
}

// VerifyNobody does the work of Verify with a wrong password against a hash
// that this Hasher made, for a sign-in whose user does not exist or has no
// password. It returns ErrBusy and the errors of ctx as Verify does.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, password, h.nobody)
	return err
}

// forms returns what a typed password may have been hashed as: normalized, as
// Hash does it, and as typed where that differs, as other systems do it.
func forms(password string) []string {
	normalized := normalize(password)
	if normalized == password {
		return []string{normalized}
	}
	return []string{normalized, password}
}

func normalize(password string) string {
	return norm.NFKC.String(password)
}

// current reports whether Hash would make a hash with this algorithm and these costs.
func (h *Hasher) current(hash parsedHash) bool {
	return strings.HasPrefix(hash.encoded, h.prefix) &&
		len(hash.salt) == saltBytes && len(hash.tag) == tagBytes
}

// weight is the number of Postern's own hashes that need as much memory as a hash of another system. Taking that many places keeps the
// memory of all hashing below the larger of its usual bound and that of one single foreign hash.
func (h *Hasher) weight(hash parsedHash) int64 {
	own := uint64(h.memory)
	return max(1, int64((hash.memory+own-1)/own))
}
