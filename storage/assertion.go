package storage

import (
	"context"
	"time"
)

// SpendAssertion uses up the identifier of a client assertion (claim jti of RFC 7523 section 3), which is the client's own: another
// client may use the same. It is remembered until expires. ErrConflict when it was used before: of any number of attempts one succeeds.
func (s *Store) SpendAssertion(ctx context.Context, clientID, jti string, expires time.Time) error {
	return s.execOne(ctx, ErrConflict, `
		INSERT INTO client_assertions (client_id, jti_hash, expires_at) VALUES (?, ?, ?) ON CONFLICT (jti_hash, client_id) DO NOTHING`,
		clientID, Hash(jti), At(expires))
}
