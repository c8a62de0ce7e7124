package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const allFlows = "discovery,client_credentials,introspection,refresh_es256,code_es256"

// TestBench briefly measures a real server on each database, and then compares it with itself. It builds and runs this program, because the
// program starts itself again as the constant server.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts PostgreSQL and a server")
	}
	program, server := filepath.Join(t.TempDir(), "bench"), filepath.Join(t.TempDir(), "postern")
	for file, source := range map[string]string{program: ".", server: serverPackage} {
		output, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, source).CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			got := benchmark(t, program, "--database", database, "--binary", server)
			require.Len(t, got.Results, 5)
			for _, r := range got.Results {
				require.Positive(t, r.PerSecond, r.Name)
				require.Zero(t, r.Errors, r.Name)
			}
		})
	}
	t.Run("against", func(t *testing.T) {
		got := benchmark(t, program, "--binary", server, "--against", server)
		require.Empty(t, got.Results)
		require.Len(t, got.Against, 5)
		for _, p := range got.Against {
			require.Positive(t, p.Rate, p.Name)
			require.Positive(t, p.Tested.Processor, p.Name)
			require.Zero(t, p.Other.Errors+p.Tested.Errors, p.Name)
		}
	})
}

// benchmark runs program briefly and returns the figures.
func benchmark(t *testing.T, program string, args ...string) (figures report) {
	t.Helper()
	args = append(args, "--users", "256", "--connections", "1", "--duration", "600ms", "--warmup", "10ms", "--scenarios", allFlows, "--json")
	output, err := exec.CommandContext(t.Context(), program, args...).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		t.Fatalf("%v\n%s", err, failed.Stderr)
	}
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(output, &figures))
	return figures
}
