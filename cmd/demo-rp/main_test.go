package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSettings(t *testing.T) {
	secretFile := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secretFile, []byte("from the file\n"), 0o600))
	standard := settings{issuer: "http://localhost:4280", listen: "127.0.0.1:4281", redirectBase: "http://localhost:4281"}
	with := func(change func(*settings)) settings {
		s := standard
		change(&s)
		return s
	}
	for name, tc := range map[string]struct {
		args        []string
		environment map[string]string
		want        settings
		fault       string
	}{
		"nothing given": {want: standard},
		"environment": {
			environment: map[string]string{"DEMO_RP_ISSUER": "https://id.example", "DEMO_RP_CLIENT_ID": "demo", "DEMO_RP_CLIENT_SECRET": "s"},
			want:        with(func(s *settings) { s.issuer, s.clientID, s.clientSecret = "https://id.example", "demo", "s" }),
		},
		"a flag wins": {
			args:        []string{"--client-id", "flag", "--redirect-base=https://app.example"},
			environment: map[string]string{"DEMO_RP_CLIENT_ID": "environment"},
			want:        with(func(s *settings) { s.clientID, s.redirectBase = "flag", "https://app.example" }),
		},
		"secret from a file": {
			environment: map[string]string{"DEMO_RP_CLIENT_SECRET_FILE": secretFile},
			want: with(func(s *settings) {
				s.clientSecret, s.clientSecretFile = "from the file", secretFile
			}),
		},
		"two secrets":       {args: []string{"--client-secret=s", "--client-secret-file", secretFile}, fault: "not both"},
		"no such file":      {args: []string{"--client-secret-file=/nowhere/secret"}, fault: "client secret:"},
		"an argument":       {args: []string{"serve"}, fault: `unexpected argument "serve"`},
		"an unknown option": {args: []string{"--colour=red"}, fault: "colour"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(tc.args, func(name string) (string, bool) {
				value, ok := tc.environment[name]
				return value, ok
			})
			if tc.fault != "" {
				require.ErrorContains(t, err, tc.fault)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, serve(ctx, settings{
		issuer: "http://localhost:4280", clientID: "demo", listen: "127.0.0.1:0", redirectBase: "http://localhost:4281",
	}))
	require.ErrorContains(t, serve(ctx, settings{}), "issuer")
}
