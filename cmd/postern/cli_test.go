package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestTranscripts runs the commands in testdata/script as operators type them.
func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0")  // else each command waits a second at its end under the race detector
			env.Setenv("POSTERN_SHUTDOWN_DRAIN", "0s") // there is no load balancer to notice
			env.Values[scriptT{}] = env.T()
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"capture":    capture,
			"database":   newDatabase,
			"eventually": eventually,
			"exits":      exits,
			"freeport": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], freeAddress(scriptT{t, ts}))
			},
			"onejson": oneJSON,
			// postgres: the settings name an empty database on PostgreSQL.
			"postgres": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("POSTERN_DATABASE_URL", storagetest.Postgres(scriptT{t, ts}).URL)
			},
			"signin": func(ts *testscript.TestScript, neg bool, args []string) { signInAt(scriptT{t, ts}, neg, args) },
			"sqlite": sqlite,
			// untouched: the PostgreSQL database that the settings name has no tables.
			"untouched": func(ts *testscript.TestScript, _ bool, _ []string) {
				db, err := sql.Open("postgres", ts.Getenv("POSTERN_DATABASE_URL"))
				ts.Check(err)
				defer db.Close()
				var tables int
				ts.Check(db.QueryRow("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").Scan(&tables))
				if tables > 0 {
					ts.Fatalf("there are %d tables", tables)
				}
			},
		},
	})
}

// scriptT lets a transcript use test helpers: it ends or skips the transcript when they would end or skip the test. The values of a
// transcript contain its own test under the zero scriptT.
type scriptT struct {
	testing.TB
	ts *testscript.TestScript
}

func (t scriptT) Helper()                           {}
func (t scriptT) Fatalf(format string, args ...any) { t.ts.Fatalf(format, args...) }
func (t scriptT) FailNow()                          { t.ts.Fatalf("failed") }
func (t scriptT) Cleanup(f func())                  { t.ts.Defer(f) }
func (t scriptT) Skip(args ...any)                  { t.ts.Value(scriptT{}).(testscript.T).Skip(args...) }

// exits CODE COMMAND…: the command ends with this exit code, which may be 0.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// database [FILE]: makes the database on SQLite, with the keyset that the settings name, as postern serve does at its first start.
func newDatabase(ts *testscript.TestScript, _ bool, args []string) {
	cfg := config.Default()
	cfg.Database.URL = config.Secret("sqlite:" + ts.MkAbs(append(args, "postern-data/postern.db")[0]))
	if keyset := ts.Getenv("POSTERN_SECRETS_KEYSET_FILE"); keyset != "" {
		cfg.Secrets.KeysetFile = ts.MkAbs(keyset)
	}
	s, err := openServices(context.Background(), cfg, slog.New(slog.DiscardHandler), orNew)
	ts.Check(err)
	ts.Check(s.close())
}

// capture NAME PATTERN: sets the variable to what the pattern's group matches in the last output.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("%s does not match once, with one group", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// onejson: the last output is one JSON value and nothing else.
func oneJSON(ts *testscript.TestScript, _ bool, _ []string) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile("stdout"))))
	var value any
	ts.Check(decoder.Decode(&value))
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("something follows the JSON value")
	}
}

// eventually PATTERN COMMAND…: the command succeeds and its output matches, at once or within ten seconds.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[0])
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("did not happen: %s", args[0])
}

// sqlite FILE STATEMENT: changes rows without Postern, as somebody with access to the file could.
func sqlite(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_pragma=busy_timeout(5000)")
	ts.Check(err)
	defer db.Close()
	changed, err := db.Exec(args[1])
	ts.Check(err)
	if rows, err := changed.RowsAffected(); err != nil || rows == 0 {
		ts.Fatalf("no row was changed: %v", err)
	}
}

// signInAt ISSUER: Ada signs in there with both factors; with !, she must be refused.
func signInAt(t scriptT, refused bool, args []string) {
	v := browsertest.NewVisitor(t, nil)
	v.Open(args[0] + "/login")
	if !refused {
		signInAsAda(t, v, time.Now())
		return
	}
	v.Fill("username", "ada@example.test")
	v.Fill("password", adaPassword)
	v.Submit("Continue")
	if v.Status() != 422 {
		t.Fatalf("status %d at %s", v.Status(), v.URL())
	}
}
