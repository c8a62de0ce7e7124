package storagetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// PostgresTLS returns an empty database on a separate server, which accepts connections over TLS only.
func PostgresTLS(t testing.TB) *Database {
	t.Helper()
	s := newServer(t)
	s.init()
	certificate, key := s.certificate()
	require.NoError(t, os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte("local all all trust\nhostssl all all 127.0.0.1/32 trust\n"), 0o600))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, s.port, err = net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	s.start("-h", "127.0.0.1", "-c", "ssl=on", "-c", "ssl_cert_file="+certificate, "-c", "ssl_key_file="+key)
	db := &Database{URL: s.address(), Keyset: newKeyset(t)}
	return db.With(t, "host", "127.0.0.1", "sslmode", "verify-full", "sslrootcert", certificate, "application_name", "public")
}

// certificate writes a self-signed certificate and its key, and returns their paths.
func (s *server) certificate() (certificate, key string) {
	s.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(s.t, err)
	encoded, err := x509.MarshalECPrivateKey(private)
	require.NoError(s.t, err)
	certificate, key = filepath.Join(s.folder, "server.crt"), filepath.Join(s.folder, "server.key")
	attributes, err := unprivileged(s.folder)
	require.NoError(s.t, err)
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "EC PRIVATE KEY", Bytes: encoded}} {
		require.NoError(s.t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		if owner := attributes.Credential; owner != nil {
			require.NoError(s.t, os.Chown(path, int(owner.Uid), int(owner.Gid)))
		}
	}
	return certificate, key
}
