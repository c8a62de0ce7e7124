package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestFilesOfOthersAreWarnedOf gives files the default modes, as a restored copy has, and expects warnings from postern config check and at
// the start.
func TestFilesOfOthersAreWarnedOf(t *testing.T) {
	db := storagetest.SQLite(t)
	file := strings.TrimPrefix(db.URL, "sqlite:")
	keyset := filepath.Join(filepath.Dir(file), "keyset.json")
	require.NoError(t, writeKeyset(db.Keyset, keyset, os.Rename))
	cfg := settings(t, db, dayIssuer)
	cfg.Secrets = config.Secrets{}
	var log bytes.Buffer
	a, err := build(t.Context(), cfg, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()

	warned := func() (text, asJSON, atStart string) {
		log.Reset()
		a.warn(t.Context())
		var output, encoded bytes.Buffer
		environ := []string{"POSTERN_DATABASE_URL=" + db.URL}
		require.Zero(t, run(t.Context(), []string{"config", "check"}, environ, nil, &output, &output))
		require.Zero(t, run(t.Context(), []string{"config", "check", "--json"}, environ, nil, &encoded, &encoded))
		require.True(t, json.Valid(encoded.Bytes()))
		return output.String(), encoded.String(), log.String()
	}
	text, asJSON, atStart := warned()
	require.Equal(t, "the settings are fine\n", text)
	require.Equal(t, "{\"ok\":true}\n", asJSON)
	require.NotContains(t, atStart, "level=WARN")

	for _, mode := range []os.FileMode{0o640, 0o620, 0o644, 0o666, 0o604} {
		for _, name := range []string{file, file + "-wal", file + "-shm"} {
			require.NoError(t, os.Chmod(name, mode))
		}
		text, asJSON, atStart = warned()
		files := []string{file, file + "-wal", file + "-shm"}
		require.Equal(t, "the settings are fine\nwarning: database.url: other users of this machine have access to "+strings.Join(files, ", ")+
			"\nhint: run: chmod 600 "+strings.Join(files, " ")+"\n", text, mode)
		require.Contains(t, asJSON, `"warnings":[{"setting":"database.url"`)
		require.Contains(t, atStart, "level=WARN")
		require.Contains(t, atStart, "have access to "+file)
	}
	require.NoError(t, os.Chmod(keyset, 0o640))
	text, _, atStart = warned()
	require.Contains(t, text, "\nwarning: secrets.keyset_file: other users of this machine have access to "+keyset+"\nhint: run: chmod 600 "+keyset+"\n")
	require.Contains(t, atStart, "have access to "+keyset)
}
