package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLoad tests that for any content of the file and of two variables, Load either returns problems that all have a
// setting, a message and a hint, or a Config that passes Validate and whose effective values yield the same Config
// again.
func FuzzLoad(f *testing.F) {
	for _, file := range []string{
		"", "issuer: https://id.example.com/a", "session: {idle: 1h}\nsession.absolute: 2h", "trusted_proxies: [10.0.0.0/8, '::1']",
		"a: &a [*a]\nsession: *a", "? [x]\n: y", "<<: {listen: ':1'}", "brand: {color: '#fff', name: 1.10}", "---\n---\n", "tls:\n1: 2\n~: ~",
		"database: {url: 'postgres://u@h1,h2/db?sslmode=verify-full&port=1,2'}\nsecrets: {keyset: x}", "database.url: !!binary eA==",
	} {
		f.Add(file, "http://localhost:4280", "10")
	}
	path := filepath.Join(f.TempDir(), "postern.yaml")
	f.Fuzz(func(t *testing.T, file, issuer, tries string) {
		require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
		c, err := Load(Sources{File: path, Environ: []string{"POSTERN_ISSUER=" + issuer, "POSTERN_THROTTLE_PASSWORD_TRIES=" + tries}})
		if err != nil {
			require.NotEmpty(t, problemsOf(t, err))
			require.Equal(t, Config{}, c)
			return
		}
		require.NoError(t, c.Validate())
		require.Equal(t, issuer, c.Issuer)
		require.Contains(t, []string{"http", "https"}, c.IssuerURL().Scheme)
		require.Equal(t, c.Issuer, c.IssuerURL().String())

		again := c
		for i, v := range c.Effective() {
			if s := again.fields()[i]; !s.Secret {
				require.Nil(t, parse(s.target, v.Value), v.Key)
			}
		}
		require.Equal(t, c, again)
	})
}
