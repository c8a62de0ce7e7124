package storagetest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// PoolMode says when PgBouncer may give a server connection to another client.
type PoolMode string

// The modes of PgBouncer.
const (
	SessionPooling     PoolMode = "session"
	TransactionPooling PoolMode = "transaction"
	StatementPooling   PoolMode = "statement"
)

// PgBouncer returns an empty database in PostgreSQL, which is removed at the end of the test. Its stores reach it through a separate
// PgBouncer with the settings of Debian, except for the mode, and except that each transaction gets the connection that has been idle
// longest, so that code that relies on a session fails soon. The test fails if PgBouncer is not installed.
func PgBouncer(t testing.TB, mode PoolMode) *Database {
	t.Helper()
	skipIfShort(t)
	binary, err := pgbouncerBinary()
	require.NoError(t, err)
	db := Postgres(t)
	address, err := url.Parse(db.URL)
	require.NoError(t, err)
	schema := address.Query().Get("search_path")
	admin := openSQL(t, "postgres", db.URL)
	_, err = admin.Exec(`CREATE ROLE ` + schema + ` LOGIN PASSWORD '` + schema + `';
		ALTER ROLE ` + schema + ` SET search_path = ` + schema + `;` + strings.ReplaceAll(roleSettings, "$ROLE", schema) + `
		ALTER SCHEMA ` + schema + ` OWNER TO ` + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec(`DROP OWNED BY ` + schema + `; CREATE SCHEMA ` + schema + `; DROP ROLE ` + schema)
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	work := startPgBouncer(t, binary, mode, db.URL, schema)
	db.Direct = db.URL
	db.URL = (&url.URL{
		Scheme: "postgres", User: url.User(schema), Path: address.Path,
		RawQuery: url.Values{"host": {work}, "port": {pgbouncerPort}, "sslmode": {"disable"}, "application_name": {schema}}.Encode(),
	}).String()
	return db
}

// roleSettings are the settings that docs/operating.md requires behind a pooler.
const roleSettings = `
	ALTER ROLE $ROLE SET statement_timeout = '10s';
	ALTER ROLE $ROLE SET lock_timeout = '8s';
	ALTER ROLE $ROLE SET idle_in_transaction_session_timeout = '30s';
	ALTER ROLE $ROLE SET client_connection_check_interval = '250ms';`

// pgbouncerPort is part of the socket's name.
const pgbouncerPort = "6432"

// startPgBouncer starts a PgBouncer that connects to the server at address as role, and stops it at the end of the test. It returns the
// folder of its socket.
func startPgBouncer(t testing.TB, binary string, mode PoolMode, address, role string) string {
	t.Helper()
	work, err := os.MkdirTemp("/tmp", "postern-pgbouncer-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(work)) })
	attributes, err := unprivileged(work)
	require.NoError(t, err)
	server, err := url.Parse(address)
	require.NoError(t, err)
	host, port := cmp.Or(server.Hostname(), server.Query().Get("host")), cmp.Or(server.Port(), server.Query().Get("port"), "5432")
	file := filepath.Join(work, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `[databases]
* = host=%s port=%s dbname=%s user=%s password=%s
[pgbouncer]
unix_socket_dir = %s
listen_port = %s
auth_type = any
pool_mode = %s
server_round_robin = 1
`, host, port, strings.TrimPrefix(server.Path, "/"), role, role, work, pgbouncerPort, mode), 0o644))
	var log bytes.Buffer
	process := exec.Command(binary, file)
	process.Dir, process.SysProcAttr = work, attributes
	process.Stdout, process.Stderr = &log, &log
	require.NoError(t, process.Start())
	ended := make(chan struct{})
	go func() {
		_ = process.Wait() // returns an error because the process is killed below
		close(ended)
	}()
	t.Cleanup(func() {
		require.NoError(t, process.Process.Kill())
		<-ended
	})
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", filepath.Join(work, ".s.PGSQL."+pgbouncerPort)); err == nil {
			require.NoError(t, conn.Close())
			return work
		}
		select {
		case <-ended:
			t.Fatalf("PgBouncer ended: %v\n%s", process.ProcessState, log.String())
		default:
		}
	}
	t.Fatal("PgBouncer did not start within " + strconv.Itoa(int(startTimeout.Seconds())) + " s")
	return ""
}

func pgbouncerBinary() (string, error) {
	if path, err := exec.LookPath("pgbouncer"); err == nil {
		return path, nil
	}
	const path = "/usr/sbin/pgbouncer" // not everybody has this folder in PATH
	if _, err := os.Stat(path); err != nil {
		return "", errors.New("PgBouncer for tests: no pgbouncer in PATH or /usr/sbin\nhint: apt install pgbouncer")
	}
	return path, nil
}
