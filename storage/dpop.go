package storage

import (
	"context"
	"time"
)

// SpendProof uses up a DPoP proof (RFC 9449 section 11.1), which its jti and the thumbprint of its key name: another key may have the
// same jti. It is remembered until expires. ErrConflict when it was used before: of any number of attempts one succeeds.
func (s *Store) SpendProof(ctx context.Context, jkt, jti string, expires time.Time) error {
	return s.execOne(ctx, ErrConflict, `
		INSERT INTO dpop_proofs (proof_hash, expires_at) VALUES (?, ?) ON CONFLICT (proof_hash) DO NOTHING`,
		Hash(jkt+" "+jti), At(expires))
}
