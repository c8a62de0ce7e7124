package storage

import (
	"context"
	"time"
)

// JTIs are the identifiers of client assertions and DPoP proofs that were used. They prevent replays.
type JTIs struct{ *database }

// SpendAssertion uses up the identifier of a client assertion (claim jti of RFC 7523 section 3), which is unique for one client: another
// client may use the same. It is remembered until expires. SpendAssertion returns ErrConflict if the identifier was used before: of any
// number of attempts one succeeds.
func (s *JTIs) SpendAssertion(ctx context.Context, clientID, jti string, expires time.Time) error {
	return s.execOne(ctx, ErrConflict, `
		INSERT INTO client_assertions (client_id, jti_hash, expires_at) VALUES (?, ?, ?) ON CONFLICT (jti_hash, client_id) DO NOTHING`,
		clientID, Hash(jti), At(expires))
}

// SpendProof uses up the identifier of a DPoP proof (RFC 9449 section 11.1), which is unique for one key, given by its thumbprint: proofs
// of another key may use the same. It is remembered until expires. SpendProof returns ErrConflict if the identifier was used before: of any
// number of attempts one succeeds.
func (s *JTIs) SpendProof(ctx context.Context, jkt, jti string, expires time.Time) error {
	return s.execOne(ctx, ErrConflict, `
		INSERT INTO dpop_proofs (proof_hash, expires_at) VALUES (?, ?) ON CONFLICT (proof_hash) DO NOTHING`,
		Hash(jkt+" "+jti), At(expires))
}
