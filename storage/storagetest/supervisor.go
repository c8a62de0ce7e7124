package storagetest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// linger is how long the server runs after its last user has ended, so that the packages of one "go test ./..." find the same server.
const linger = 10 * time.Second

func init() {
	folder := os.Getenv(superviseVariable)
	if folder == "" {
		return
	}
	if err := supervise(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// supervise starts a server, writes its URL to the file url in folder, and stops it when nobody has used it for a while.
func supervise(folder string) (err error) {
	work, err := os.MkdirTemp("/tmp", "postern-postgres-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	server, err := startServer(work)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	address := socketAddress(work)
	for !reachable(address) {
		select {
		case err := <-ended:
			return fmt.Errorf("postgres ended: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	published := filepath.Join(folder, "url")
	if err := os.WriteFile(published+".new", []byte(address), 0o600); err != nil {
		return err
	}
	if err := os.Rename(published+".new", published); err != nil {
		return err
	}
	users, err := os.OpenFile(filepath.Join(folder, "users"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return errors.Join(err, stop(server, ended))
	}
	defer users.Close()
	serveErr := waitForUsers(users, ended)
	return errors.Join(serveErr, os.Remove(published), stop(server, ended))
}

// socketAddress returns the URL of the server whose Unix socket is in folder.
func socketAddress(folder string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {folder}, "sslmode": {"disable"}}.Encode(),
	}).String()
}

// waitForUsers returns once nobody has held the lock on users for a while. It then holds the exclusive lock, so that new users wait until
// the file is closed. It also returns if the server ends, or a signal asks for it.
func waitForUsers(users *os.File, ended chan error) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	for lastUse := time.Now(); ; {
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("postgres ended: %w", err)
		case <-signals:
			return nil
		case <-time.After(500 * time.Millisecond):
		}
		if syscall.Flock(int(users.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			lastUse = time.Now()
			continue
		}
		if time.Since(lastUse) > linger {
			return nil // holding the lock
		}
		if err := syscall.Flock(int(users.Fd()), syscall.LOCK_UN); err != nil {
			return err
		}
	}
}

func stop(server *exec.Cmd, ended chan error) error {
	if err := server.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-ended:
		return nil
	case <-time.After(10 * time.Second):
		return server.Process.Kill()
	}
}

// startServer makes a database cluster below work and starts a server on it, which listens only on a Unix socket in work. What a test
// writes need not survive a power loss.
func startServer(work string) (*exec.Cmd, error) {
	attributes, err := unprivileged(work)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(work, "data")
	if err := runTool(work, attributes, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"); err != nil {
		return nil, err
	}
	server, err := serverCommand(work, data, attributes, "-c", "full_page_writes=off", "-c", "max_connections=400", "-c", "shared_buffers=64MB")
	if err != nil {
		return nil, err
	}
	return server, server.Start()
}

// runTool runs one of PostgreSQL's programs and waits until it has ended.
func runTool(work string, attributes *syscall.SysProcAttr, name string, arguments ...string) error {
	path, err := serverBinary(name)
	if err != nil {
		return err
	}
	tool := exec.Command(path, arguments...)
	tool.Dir, tool.SysProcAttr = work, attributes
	if output, err := tool.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, output)
	}
	return nil
}

// serverCommand returns the command for a server on the cluster data with a Unix socket in work. It does not start the server.
func serverCommand(work, data string, attributes *syscall.SysProcAttr, settings ...string) (*exec.Cmd, error) {
	postgres, err := serverBinary("postgres")
	if err != nil {
		return nil, err
	}
	server := exec.Command(postgres, append([]string{"-D", data, "-k", work, "-h", "", "-F", "-c", "log_min_messages=fatal"}, settings...)...)
	server.Dir, server.SysProcAttr = work, attributes
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	return server, nil
}

// unprivileged gives work to another user if this process runs as root, because PostgreSQL refuses to run as root. It returns the
// attributes with which to start PostgreSQL's programs.
func unprivileged(work string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr, os.Chown(work, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func serverBinary(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", errors.Join(fmt.Errorf("no %s in PATH or /usr/lib/postgresql: apt install postgresql", name), err)
	}
	return found[len(found)-1], nil
}
