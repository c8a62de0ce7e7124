package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBench measures a real server for a moment, on each database. It runs this program, because the program starts itself once more.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts PostgreSQL and a server")
	}
	program := filepath.Join(t.TempDir(), "bench")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", output)
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), program,
				"--database", database, "--users", "256", "--connections", "1", "--duration", "400ms", "--warmup", "10ms",
				"--scenarios", "discovery,client_credentials,introspection,refresh_es256,code_es256", "--json")
			figures, err := command.Output()
			var failed *exec.ExitError
			if errors.As(err, &failed) {
				t.Fatalf("%v\n%s", err, failed.Stderr)
			}
			require.NoError(t, err)
			var got report
			require.NoError(t, json.Unmarshal(figures, &got))
			require.Len(t, got.Results, 5)
			for _, r := range got.Results {
				require.Positive(t, r.PerSecond, r.Name)
				require.Zero(t, r.Errors, r.Name)
			}
		})
	}
}
