package clientauth

import (
	"context"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/provider/client"
)

// signedBy reports whether one of the client's keys made the signature: the key with its kid or, without a kid, any of the client's few keys. It
// skips keys that are registered for another use or algorithm. If no key at a jwks_uri fits, it fetches them again, within limits: the client may
// have changed them (OIDC Core section 10.1.1).
func (a *Authenticator) signedBy(ctx context.Context, c *client.Client, signed *jose.JSONWebSignature) bool {
	if c.JWKSURI == "" {
		return c.Keys != nil && fits(c.Keys, signed)
	}
	keys, err := a.cfg.Keys.Keys(ctx, c)
	if err == nil && !fits(keys, signed) {
		keys, err = a.cfg.Keys.Refresh(ctx, c)
	}
	if err != nil {
		a.cfg.Log.InfoContext(ctx, "keys of a client not fetched", "client_id", c.ID, "cause", err.Error())
		return false
	}
	return fits(keys, signed)
}

// fits reports whether one of the keys made the signature.
func fits(keys *jose.JSONWebKeySet, signed *jose.JSONWebSignature) bool {
	header := signed.Signatures[0].Protected
	return slices.ContainsFunc(keys.Keys, func(key jose.JSONWebKey) bool {
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Use != "" && key.Use != "sig" ||
			key.Algorithm != "" && key.Algorithm != header.Algorithm {
			return false
		}
		_, err := signed.Verify(key.Key)
		return err == nil
	})
}
