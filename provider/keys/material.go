package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
)

const (
	leastRSA    = 2048 // bits of the modulus
	leastRSAExp = 65537
)

// generate makes a key that signs from signsFrom.
func generate(alg jose.SignatureAlgorithm, rsaBits int, now, signsFrom time.Time) (storage.SigningKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case jose.RS256, jose.PS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return storage.SigningKey{}, fmt.Errorf("%w: %.20q", ErrNoKey, alg)
	}
	if err != nil {
		return storage.SigningKey{}, fmt.Errorf("make a key for %s: %w", alg, err)
	}
	kid, public, err := publicJWK(private, string(alg))
	if err != nil {
		return storage.SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return storage.SigningKey{}, fmt.Errorf("serialise a key for %s: %w", alg, err)
	}
	return storage.SigningKey{
		ID: kid, Algorithm: string(alg), Public: public, Private: der, CreatedAt: now, SignsFrom: signsFrom,
	}, nil
}

// publicJWK returns the JWK that is published for a key. Its kid is the thumbprint of RFC 7638, so that no two keys share one.
func publicJWK(private crypto.Signer, alg string) (kid string, jwk []byte, err error) {
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: alg, Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", nil, fmt.Errorf("compute the thumbprint of a key: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	jwk, err = json.Marshal(public)
	return public.KeyID, jwk, err
}

// parse reads a stored key. It derives everything from the sealed private part and compares the open columns with it: otherwise anyone who can write
// to the database could have a key of their own published.
func parse(row storage.SigningKey) *key {
	k := &key{SigningKey: row}
	k.Private = nil
	if k.private, k.fault = parsePrivate(row.Algorithm, row.Private); k.fault != nil {
		return k
	}
	k.public = k.private.Public()
	kid, jwk, err := publicJWK(k.private, row.Algorithm)
	k.jwk = jwk
	switch {
	case err != nil:
		k.fault = err
	case kid != row.ID:
		k.fault = errors.New("the kid is not the thumbprint of the key")
	case !bytes.Equal(jwk, row.Public):
		k.fault = errors.New("the public part is not that of the key")
	}
	return k
}

// parsePrivate reads a private key in PKCS #8 form. It refuses a key that is weak or not of the type that the algorithm needs.
func parsePrivate(alg string, der []byte) (crypto.Signer, error) {
	if der == nil {
		return nil, storage.ErrSealed
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("read the private part: %w", err)
	}
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		if alg == string(jose.RS256) || alg == string(jose.PS256) {
			return private, checkRSA(private)
		}
	case *ecdsa.PrivateKey:
		if alg == string(jose.ES256) && private.Curve == elliptic.P256() {
			return private, nil
		}
	case ed25519.PrivateKey:
		if alg == string(jose.EdDSA) {
			return private, nil
		}
	}
	return nil, fmt.Errorf("the key is not one for %.20q", alg)
}

func checkRSA(private *rsa.PrivateKey) error {
	switch {
	case private.N.BitLen() < leastRSA:
		return fmt.Errorf("the RSA key has fewer than %d bits", leastRSA)
	case private.E < leastRSAExp || private.E%2 == 0:
		return errors.New("the RSA key has an exponent that is even or too small")
	}
	if err := private.Validate(); err != nil {
		return fmt.Errorf("the RSA key is not valid: %w", err)
	}
	return nil
}
