package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
)

func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := &progress{w: &out, what: "passwords hashed", clock: func() time.Time { return now }, started: now}
	for done := 1; done <= 60; done++ {
		now = now.Add(100 * time.Millisecond)
		p.at(done, 150)
	}
	lines := strings.Split(out.String(), "\r")
	require.Len(t, lines, 31, "not at each step")
	require.Equal(t, "passwords hashed: 59 of 150, 10 a second, about 9s left\x1b[K", lines[30])
	require.NoError(t, p.end(nil, ""))
	require.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"), "the line is removed at the end")

	err := p.end(fmt.Errorf("statement: %w", context.Canceled), "run it again")
	require.EqualError(t, err, "interrupted; passwords hashed: 60 of 150")
	var hinted *hintError
	require.ErrorAs(t, err, &hinted)
	require.Equal(t, "run it again", hinted.hint)
	other := errors.New("another")
	require.Equal(t, other, p.end(other, ""))
}

// Without a terminal, no progress is shown.
func TestLongCommandsInAPipe(t *testing.T) {
	dir := t.TempDir()
	environ := []string{
		"POSTERN_DATABASE_URL=sqlite:" + filepath.Join(dir, "postern.db"),
		"POSTERN_PASSWORD_MEMORY_KIB=35840", "POSTERN_PASSWORD_TIME=1",
	}
	var lines strings.Builder
	for i := range 12 {
		fmt.Fprintf(&lines, `{"email":"u%d@example.test","password":"violet anchors drift north"}`+"\n", i)
	}
	file := filepath.Join(dir, "users.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))
	command := func(ctx context.Context, args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		code = run(ctx, args, environ, strings.NewReader(""), &out, &errs)
		return code, out.String(), errs.String()
	}
	cfg, err := config.Load(config.Sources{Environ: environ})
	require.NoError(t, err)
	s, err := openServices(t.Context(), cfg, slog.New(slog.DiscardHandler), orNew)
	require.NoError(t, err)
	require.NoError(t, s.close())
	for _, args := range [][]string{
		{"migrate", "up"}, {"user", "import", "-f", file}, {"user", "export"}, {"audit", "verify"}, {"audit", "export"},
	} {
		code, _, stderr := command(t.Context(), args...)
		require.Zero(t, code, "%v: %s", args, stderr)
		require.Empty(t, stderr, "%v", args)
	}
}
