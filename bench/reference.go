package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// The references. Each measures the best that this machine can do of whatever limits a scenario.
const (
	refConstant = "gin_constant" // requests that gin answers with a constant, as many connections
	refInsert   = "db_insert"    // commits of one prepared INSERT each, as many connections
	refSelect   = "db_select"    // prepared SELECTs by primary key, as many connections
	refRSA      = "rsa2048_sign" // on all cores, like all below
	refECDSA    = "es256_sign"
	refEdDSA    = "eddsa_sign"
	refArgon    = "argon2id"
)

// computation is a reference that needs only the cores.
type computation struct {
	name string
	make func() (step, error)
}

func computations() []computation {
	digest := sha256.Sum256([]byte("reference"))
	return []computation{
		{refRSA, func() (step, error) {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			return func(context.Context) error {
				_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
				return err
			}, err
		}},
		{refECDSA, func() (step, error) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			return func(context.Context) error {
				_, _, err := ecdsa.Sign(rand.Reader, key, digest[:])
				return err
			}, err
		}},
		{refEdDSA, func() (step, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return func(context.Context) error {
				_, err := key.Sign(nil, digest[:], crypto.Hash(0))
				return err
			}, err
		}},
		{refArgon, func() (step, error) {
			salt := make([]byte, 16)
			return func(context.Context) error {
				argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, 32)
				return nil
			}, nil
		}},
	}
}

// measureComputations measures each computation on all cores.
func measureComputations(ctx context.Context, p plan) ([]measurement, error) {
	cores := runtime.GOMAXPROCS(0)
	var all []measurement
	for _, c := range computations() {
		next, err := c.make()
		if err != nil {
			return nil, err
		}
		steps := make([]step, cores)
		for i := range steps {
			steps[i] = next
		}
		s, err := closedLoop(ctx, steps, p)
		if err != nil {
			return nil, err
		}
		all = append(all, newMeasurement(c.name, closed, cores, s))
	}
	return all, nil
}
