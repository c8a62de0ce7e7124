package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyPair returns a certificate and its key, both as PEM.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func TestCertificate(t *testing.T) {
	cert, key := keyPair(t)
	_, otherKey := keyPair(t)
	c := Default()
	c.Issuer = "https://id.example.com"
	c.TLS = TLS{CertFile: write(t, "cert.pem", cert), KeyFile: write(t, "key.pem", key)}
	require.NoError(t, os.Chmod(c.TLS.CertFile, 0o644))
	require.NoError(t, c.Validate())

	c.Issuer = "http://localhost:4280"
	require.EqualError(t, c.Validate(), "issuer: begins with http:// although tls.cert_file is set\nhint: write it with https://")

	c.Issuer = "https://id.example.com"
	c.TLS.KeyFile = write(t, "other.pem", otherKey)
	require.ErrorContains(t, c.Validate(), "tls.cert_file: cannot be used with tls.key_file: private key does not match public key")
}

func TestKeyMaterialOpenToAllIsRefused(t *testing.T) {
	cert, key := keyPair(t)
	keyFile, keyset := write(t, "key.pem", key), write(t, "keyset.json", "{}")
	for _, path := range []string{keyFile, keyset} {
		require.NoError(t, os.Chmod(path, 0o644))
	}
	c := Default()
	c.Issuer = "https://id.example.com"
	c.TLS = TLS{CertFile: write(t, "cert.pem", cert), KeyFile: keyFile}
	c.Secrets.KeysetFile = keyset
	problems := problemsOf(t, c.Validate())
	require.Len(t, problems, 2)
	for i, want := range []Problem{{Setting: "tls.key_file", Hint: keyFile}, {Setting: "secrets.keyset_file", Hint: keyset}} {
		require.Equal(t, want.Setting, problems[i].Setting)
		require.Contains(t, problems[i].Message, "every user of this machine")
		require.Equal(t, "run: chmod o= "+want.Hint, problems[i].Hint)
	}
}
