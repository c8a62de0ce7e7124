package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// stored returns a row for a key, which may be weak, with parts that match.
func stored(t *testing.T, alg string, private crypto.Signer) storage.SigningKey {
	t.Helper()
	jwk := jose.JSONWebKey{Key: private.Public(), Algorithm: alg, Use: "sig"}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	require.NoError(t, err)
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	public, err := json.Marshal(jwk)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return storage.SigningKey{ID: jwk.KeyID, Algorithm: alg, Public: public, Private: der, CreatedAt: now.Add(-time.Hour), SignsFrom: now.Add(-time.Hour)}
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return private
}

// smallExponent returns an RSA key whose exponent is 3.
func smallExponent(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	one, three := big.NewInt(1), big.NewInt(3)
	prime := func() *big.Int {
		for {
			p, err := rand.Prime(rand.Reader, 1024)
			require.NoError(t, err)
			if new(big.Int).Mod(new(big.Int).Sub(p, one), three).Sign() != 0 {
				return p
			}
		}
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 3}, D: new(big.Int).ModInverse(three, phi), Primes: []*big.Int{p, q},
	}
	private.Precompute()
	return private
}

func onCurve(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return private
}

func TestUnusableKeysAreNotUsed(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	good := newRSA(t, 2048)
	changed := func(row storage.SigningKey, change func(*storage.SigningKey)) storage.SigningKey {
		change(&row)
		return row
	}
	foreign := stored(t, "RS256", newRSA(t, 2048))
	for name, row := range map[string]storage.SigningKey{
		"RSA of 1024 bits":            stored(t, "RS256", newRSA(t, 1024)),
		"RSA with exponent 3":         stored(t, "RS256", smallExponent(t)),
		"P-224":                       stored224(t),
		"P-384":                       stored(t, "ES256", onCurve(t, elliptic.P384())),
		"EC key for RS256":            stored(t, "RS256", onCurve(t, elliptic.P256())),
		"RSA key for ES256":           stored(t, "ES256", good),
		"Ed25519 key for PS256":       stored(t, "PS256", ed),
		"unknown algorithm":           stored(t, "RS512", good),
		"public part of another key":  changed(stored(t, "RS256", good), func(k *storage.SigningKey) { k.Public = foreign.Public }),
		"kid and public of another":   changed(foreign, func(k *storage.SigningKey) { k.Private = stored(t, "RS256", good).Private }),
		"kid that is no thumbprint":   changed(stored(t, "RS256", good), func(k *storage.SigningKey) { k.ID = "chosen" }),
		"private part that is no key": changed(stored(t, "RS256", good), func(k *storage.SigningKey) { k.Private = []byte("garbage") }),
		"no private part":             changed(stored(t, "RS256", good), func(k *storage.SigningKey) { k.Private = []byte{} }),
	} {
		t.Run(name, func(t *testing.T) {
			s := storagetest.Open(t)
			require.NoError(t, s.Keys.Add(t.Context(), row))
			r := loadedRing(t, s)
			require.NotContains(t, kids(published(t, r, now)), row.ID)
			require.Equal(t, keys.Unusable, r.List(now)[0].State)
			require.NotEmpty(t, r.List(now)[0].Fault)
			for _, alg := range r.Algorithms() {
				require.NotEqual(t, row.ID, kidOf(t, sign(t, r, alg, now)))
			}
			// Its algorithm is not offered: a new key in its place would hide what happened.
			if row.Algorithm != "RS512" {
				require.NotContains(t, r.Algorithms(), row.Algorithm)
				_, err := r.Sign(row.Algorithm, "JWT", []byte(`{}`), now)
				require.ErrorIs(t, err, keys.ErrNoKey)
			}
		})
	}
}

// stored224 returns a row for a key on P-224, a curve that JWK has no name for.
func stored224(t *testing.T) storage.SigningKey {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(onCurve(t, elliptic.P224()))
	require.NoError(t, err)
	row := stored(t, "ES256", onCurve(t, elliptic.P256()))
	row.Private = der
	return row
}

func TestASealedKeyThatDoesNotOpenLeavesTheOthers(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		s := db.Open(t)
		r := loadedRing(t, s)
		broken := sign(t, r, "RS256", now)
		_, err := db.SQL(t).Exec(`UPDATE signing_keys SET private_sealed = (SELECT o.private_sealed FROM signing_keys o WHERE o.algorithm = 'PS256')
			WHERE algorithm = 'RS256'`)
		require.NoError(t, err)

		require.NoError(t, r.Load(t.Context(), now))
		require.Equal(t, []string{"ES256", "EdDSA", "PS256"}, r.Algorithms())
		require.NotContains(t, kids(published(t, r, now)), kidOf(t, broken))
		_, _, err = r.Verify(broken, allAlgs, now)
		require.ErrorIs(t, err, keys.ErrUnknownKey)
		_, _, err = r.Verify(sign(t, r, "PS256", now), allAlgs, now)
		require.NoError(t, err)

		// An ordinary rotation repairs it.
		_, err = r.Rotate(t.Context(), "RS256", true, operator, now)
		require.NoError(t, err)
		_, _, err = r.Verify(sign(t, r, "RS256", now), allAlgs, now)
		require.NoError(t, err)
	})
}
