package storagetest

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// skipIfShort skips a test that needs PostgreSQL if the test runs with -short.
func skipIfShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short there is no PostgreSQL")
	}
}

// serverURL returns the URL of the PostgreSQL server for tests. The test fails if there is no server and none can be started.
func serverURL(t testing.TB) string {
	t.Helper()
	skipIfShort(t)
	address, err := serverAddress()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v\nhint: install the server's binaries or set POSTERN_TEST_POSTGRES=postgres://…", err)
	}
	return address
}

func serverAddress() (string, error) {
	if address := os.Getenv("POSTERN_TEST_POSTGRES"); address != "" {
		return address, nil
	}
	return sharedServer()
}

// The processes of one or more "go test" runs meet in this folder. Each holds a shared lock on the file users as long as it lives; the
// system releases the lock, however the process ends. The process that starts the server holds a lock on the file start. The server is a
// child of a supervisor, which is this test binary started again. The supervisor stops the server once it gets the exclusive lock on users.
const superviseVariable = "POSTERN_TEST_SUPERVISE"

func serverFolder() string {
	return filepath.Join("/tmp", "postern-test-postgres-"+strconv.Itoa(os.Getuid()))
}

const startTimeout = time.Minute

// sharedServer returns the URL of the running server, or starts it. It does so once in a process.
var sharedServer = sync.OnceValues(func() (string, error) {
	folder := serverFolder()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	start, err := lockFile(filepath.Join(folder, "start"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer start.Close()
	// The file is never closed, because its lock says that this process is alive.
	users, err := lockFile(filepath.Join(folder, "users"), syscall.LOCK_SH)
	if err != nil {
		return "", err
	}
	usersOfServer = users
	address := filepath.Join(folder, "url")
	if text, err := os.ReadFile(address); err == nil && reachable(string(text)) {
		return string(text), nil
	}
	if err := os.RemoveAll(address); err != nil {
		return "", err
	}
	return startSupervisor(folder, address)
})

// usersOfServer keeps the garbage collector from closing the file with the lock.
var usersOfServer *os.File //nolint:unused // held open, never read

func lockFile(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}

func reachable(address string) bool {
	db, err := sql.Open("postgres", address)
	if err != nil {
		return false
	}
	defer db.Close()
	return db.Ping() == nil
}

func startSupervisor(folder, address string) (string, error) {
	binary, err := os.Executable()
	if err != nil {
		return "", err
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	supervisor := exec.Command(binary)
	supervisor.Env = append(os.Environ(), superviseVariable+"="+folder)
	supervisor.Dir = "/"
	supervisor.Stdout, supervisor.Stderr = log, log
	supervisor.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt of the tests does not reach it
	if err := supervisor.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Wait() }()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		if text, err := os.ReadFile(address); err == nil {
			return string(text), nil
		}
		select {
		case err := <-ended:
			text, readErr := os.ReadFile(log.Name())
			return "", errors.Join(fmt.Errorf("start the server: %w\n%s", err, bytes.TrimSpace(text)), readErr)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("the server did not start within %v; see %s", startTimeout, log.Name())
}
