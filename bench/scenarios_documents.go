package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// document requests a public document. It passes the first answer to check; all others must have the same bytes.
func document(path string, check func(a answer, t *target) error) func(*target, int) ([]step, error) {
	return func(t *target, connections int) ([]step, error) {
		get := request{method: http.MethodGet, target: path}
		first, err := t.connect().do(get)
		if err != nil {
			return nil, err
		}
		if err := check(first, t); err != nil {
			return nil, err
		}
		want := bytes.Clone(first.body)
		return each(t, connections, func(c *connection, _ int) step { return sameAnswer(c, get, want) }), nil
	}
}

func sameAnswer(c *connection, q request, want []byte) step {
	return func(context.Context) error {
		a, err := c.do(q)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK || !bytes.Equal(a.body, want) {
			return errors.Join(errors.New("the document is not the same as at first"), unexpected(a))
		}
		return nil
	}
}

func checkDiscovery(a answer, t *target) error {
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := decode(a, &metadata); err != nil {
		return err
	}
	if metadata.Issuer != t.issuer || metadata.JWKSURI != t.issuer+jwksPath {
		return errors.New("the discovery document has another issuer or jwks_uri")
	}
	return nil
}

func checkJWKS(a answer, _ *target) error {
	var keys jose.JSONWebKeySet
	if err := decode(a, &keys); err != nil {
		return err
	}
	algorithms := map[string]bool{}
	for _, key := range keys.Keys {
		algorithms[key.Algorithm] = key.Valid() && key.IsPublic()
	}
	if !algorithms["RS256"] || !algorithms["ES256"] {
		return errors.New("the JWKS has no keys for RS256 and ES256")
	}
	return nil
}
