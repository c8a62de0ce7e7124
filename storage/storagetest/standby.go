package storagetest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Pair is a PostgreSQL server with a synchronous standby: a commit is confirmed once both have it.
type Pair struct {
	t               testing.TB
	leader, standby *server
	replication     *Proxy // between the two servers
}

// server is a PostgreSQL server of one test.
type server struct {
	t       testing.TB
	folder  string // of its socket
	port    string
	process *exec.Cmd
	ended   chan struct{}
}

// NewPair starts a server and its standby, which stop at the end of the test.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{t: t, leader: newServer(t)}
	p.leader.init()
	p.leader.start()
	p.AddStandby()
	return p
}

func newServer(t testing.TB) *server {
	t.Helper()
	skipIfShort(t)
	folder, err := os.MkdirTemp("/tmp", "postern-pair-") // the path of a socket must be short
	require.NoError(t, err)
	s := &server{t: t, folder: folder, port: "5432"}
	t.Cleanup(func() {
		s.kill()
		require.NoError(t, os.RemoveAll(folder))
	})
	return s
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// address returns the URL of the server.
func (s *server) address() string { return socketAddress(s.folder) + "&port=" + s.port }

func (s *server) init() {
	s.t.Helper()
	attributes, err := unprivileged(s.folder)
	require.NoError(s.t, err)
	require.NoError(s.t, runTool(s.folder, attributes, "initdb",
		"-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"))
}

func (s *server) start(settings ...string) {
	s.t.Helper()
	attributes, err := unprivileged(s.folder)
	require.NoError(s.t, err)
	attributes.Setpgid = true // so that its children can be killed with it
	s.process, err = serverCommand(s.folder, s.data(), attributes, append(settings, "-p", s.port, "-c", "log_min_messages=panic", "-c", "wal_retrieve_retry_interval=100ms")...)
	require.NoError(s.t, err)
	require.NoError(s.t, s.process.Start())
	s.ended = make(chan struct{})
	go func() {
		_ = s.process.Wait() // returns an error because the server is killed
		close(s.ended)
	}()
	require.Eventually(s.t, func() bool { return reachable(s.address()) }, startTimeout, 20*time.Millisecond)
}

// kill stops the server as a power failure would.
func (s *server) kill() {
	if s.process == nil {
		return
	}
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL)
	<-s.ended
	s.process = nil
}

// AddStandby adds a standby to the leader, connected through a proxy, and returns once commits wait for it.
func (p *Pair) AddStandby() {
	p.t.Helper()
	p.standby = newServer(p.t)
	p.replication = NewProxy(p.t, &Database{URL: p.leader.address()})
	host, port, err := net.SplitHostPort(p.replication.listener.Addr().String())
	require.NoError(p.t, err)
	attributes, err := unprivileged(p.standby.folder)
	require.NoError(p.t, err)
	require.NoError(p.t, runTool(p.standby.folder, attributes, "pg_basebackup", "-D", p.standby.data(), "--checkpoint=fast", "--no-sync",
		"--write-recovery-conf", "-d", "host="+host+" port="+port+" user=postgres sslmode=disable application_name=standby"))
	p.standby.start()
	p.leader.exec(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
	p.leader.exec(`SELECT pg_reload_conf()`)
	require.Eventually(p.t, func() bool {
		return p.leader.ask(`SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'`) == 1
	}, startTimeout, 20*time.Millisecond)
}

// Database returns a new database of the pair, in a separate schema. Its URL names both servers.
func (p *Pair) Database() *Database {
	p.t.Helper()
	schema := newSchema()
	p.leader.exec(`CREATE SCHEMA ` + schema)
	address, err := addressOfSchema(p.leader.address(), schema)
	require.NoError(p.t, err)
	db := &Database{URL: address, Keyset: newKeyset(p.t)}
	db.migrateIfEmpty(p.t)
	return p.Reach(db)
}

// Reach returns db with a URL that names the present standby first and then the present leader.
func (p *Pair) Reach(db *Database) *Database {
	return db.With(p.t, "host", p.standby.folder+","+p.leader.folder, "port", "5432,5432")
}

// Part cuts off the standby from the leader, which goes on waiting for it.
func (p *Pair) Part() { p.replication.Set(Cut) }

// Join reconnects them after [Pair.Part].
func (p *Pair) Join() { p.replication.Set(Clear) }

// FailOver kills the leader and promotes the standby, which then has no standby.
func (p *Pair) FailOver() {
	p.t.Helper()
	p.leader.kill()
	p.promote()
}

// SwitchOver promotes the standby and leaves the old leader running, but read-only.
func (p *Pair) SwitchOver() {
	p.t.Helper()
	p.leader.exec(`ALTER SYSTEM SET default_transaction_read_only = on`)
	p.leader.exec(`SELECT pg_reload_conf()`)
	p.promote()
}

func (p *Pair) promote() {
	p.t.Helper()
	p.leader, p.standby = p.standby, nil
	p.leader.exec(`SELECT pg_promote()`)
	p.leader.exec(`ALTER SYSTEM RESET synchronous_standby_names`)
	p.leader.exec(`SELECT pg_reload_conf()`)
}

// Waiting returns how many commits on the leader wait for the standby.
func (p *Pair) Waiting() int {
	return p.leader.ask(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
}

// CancelWaiting cancels the waiting commits, as an operator can: the leader then confirms what the standby does not have.
func (p *Pair) CancelWaiting() {
	p.leader.exec(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
}

func (s *server) exec(statement string) {
	s.t.Helper()
	db := openSQL(s.t, "postgres", s.address())
	defer db.Close()
	_, err := db.Exec(statement)
	require.NoError(s.t, err)
}

func (s *server) ask(query string) (number int) {
	s.t.Helper()
	db := openSQL(s.t, "postgres", s.address())
	defer db.Close()
	require.NoError(s.t, db.QueryRow(query).Scan(&number))
	return number
}
