package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResidentOf(t *testing.T) {
	require.Equal(t, int64(24680<<10), residentOf("Name:\tpostern\nVmHWM:\t   99999 kB\nVmRSS:\t   24680 kB\nThreads:\t7\n"))
	require.Zero(t, residentOf("Name:\tpostern\n"))
}

// The server has the default settings, whatever is in the environment of this program.
func TestInstanceHasItsOwnSettings(t *testing.T) {
	t.Setenv("POSTERN_TOKEN_ACCESS", "24h")
	t.Setenv("HOME", "/nowhere")
	folder := t.TempDir()
	i, err := newInstance(folder, "postern", "sqlite:x.db")
	require.NoError(t, err)
	require.Contains(t, i.environ, "POSTERN_ISSUER=http://"+i.address)
	require.Contains(t, i.environ, "POSTERN_DATABASE_URL=sqlite:x.db")
	require.Contains(t, i.environ, "HOME=/nowhere")
	require.NotContains(t, i.environ, "POSTERN_TOKEN_ACCESS=24h")
	require.FileExists(t, folder+"/keyset.json")
}

func TestCommandsThatFailSayWhy(t *testing.T) {
	_, err := instance{binary: "/bin/sh"}.command(t.Context(), "-c", "echo 'hint: do that' >&2; exit 3")
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "hint: do that")
}

func TestServerThatEndsAtItsStart(t *testing.T) {
	i := instance{binary: "/bin/false", address: "127.0.0.1:1", log: t.TempDir() + "/log"}
	_, _, err := i.start(t.Context())
	require.ErrorContains(t, err, "the server ended")
}
