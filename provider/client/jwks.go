package client

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	mostKeys    = 10        // of a JWK Set, so that trying all of them stays cheap
	longestJWKS = 32 * 1024 // bytes
	leastRSA    = 2048      // bits of the modulus
	leastRSAExp = 65537
)

// privateMembers are the members of a JWK (RFC 7518 section 6) that are in private or symmetric keys only, which must not be sent here.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// parseJWKS reads a JWK Set of public keys (RFC 7517 section 5). Its errors tell the person who registers the client what is wrong.
func parseJWKS(text json.RawMessage) (*jose.JSONWebKeySet, error) {
	if len(text) > longestJWKS {
		return nil, fmt.Errorf("must not be longer than %d bytes", longestJWKS)
	}
	var members struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, errors.New("is not a JWK Set")
	}
	if len(members.Keys) == 0 || len(members.Keys) > mostKeys {
		return nil, fmt.Errorf("must hold 1 to %d keys", mostKeys)
	}
	for i, key := range members.Keys {
		for _, name := range privateMembers {
			if _, found := key[name]; found {
				return nil, fmt.Errorf("key %d has private material: register the public key only, and replace this one", i+1)
			}
		}
	}
	set := new(jose.JSONWebKeySet)
	if err := json.Unmarshal(text, set); err != nil {
		return nil, errors.New("holds a key that is malformed, not on its curve, or of an unknown type")
	}
	seen := map[string]bool{}
	for i, key := range set.Keys {
		if fault := keyFault(key); fault != "" {
			return nil, fmt.Errorf("key %d %s", i+1, fault)
		}
		if key.KeyID != "" && seen[key.KeyID] {
			return nil, fmt.Errorf("key %d has the kid of another key", i+1)
		}
		seen[key.KeyID] = true
	}
	return set, nil
}

// ParseKey reads one public key (RFC 7517 section 4). It accepts the same keys as the JWK Set of a client.
func ParseKey(text json.RawMessage) (jose.JSONWebKey, error) {
	set, err := parseJWKS(slices.Concat([]byte(`{"keys":[`), text, []byte(`]}`)))
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	return set.Keys[0], nil
}

// keyFault says why a public key is not accepted; empty if it is. Parsing has already checked that a point is on its curve.
func keyFault(key jose.JSONWebKey) string {
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		switch {
		case public.N.BitLen() < leastRSA:
			return fmt.Sprintf("has fewer than %d bits", leastRSA)
		case public.E < leastRSAExp || public.E%2 == 0:
			return "has an exponent that is even or too small"
		case public.N.Bit(0) == 0:
			return "has an even modulus"
		}
		return ""
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return ""
	}
	return "is of an unknown type"
}
