package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// postgres is a private PostgreSQL server with the default settings (fsync on). It is reachable only through a socket in its
// folder.
type postgres struct {
	process *exec.Cmd
	ended   chan error
	folder  string
}

// startPostgres makes a database cluster in a new folder below dir and starts a server on it. bin is the folder of the server's
// programs; empty: the newest below /usr/lib/postgresql.
func startPostgres(ctx context.Context, dir, bin string) (p *postgres, err error) {
	if bin == "" {
		found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil || len(found) == 0 {
			return nil, errors.New("no PostgreSQL below /usr/lib/postgresql: name the folder of its programs with --postgres-bin")
		}
		bin = found[len(found)-1]
	}
	folder, err := os.MkdirTemp(dir, "bench-postgres-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	attributes, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	cluster := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
	cluster.Dir, cluster.SysProcAttr = folder, attributes
	if output, err := cluster.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, output)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", folder, "-h", "", "-c", "log_min_messages=fatal")
	server.Dir, server.SysProcAttr, server.Stderr = folder, attributes, os.Stderr
	if err := server.Start(); err != nil {
		return nil, err
	}
	p = &postgres{process: server, ended: make(chan error, 1), folder: folder}
	go func() { p.ended <- server.Wait() }()
	if err := p.await(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// url returns the URL of the server's database.
func (p *postgres) url() string {
	query := url.Values{"host": {p.folder}, "sslmode": {"disable"}}
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}).String()
}

func (p *postgres) await(ctx context.Context) error {
	deadline := time.Now().Add(startTime)
	for {
		_, err := databaseOf(p.url()).version(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL did not start: %w", err)
		}
		select {
		case ended := <-p.ended:
			p.ended <- ended
			return fmt.Errorf("PostgreSQL ended: %w", errors.Join(ended, err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server by its process id (SIGINT: without waiting for its clients) and removes its folder.
func (p *postgres) stop() error {
	err := p.process.Process.Signal(syscall.SIGINT)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-p.ended:
	case <-time.After(stopTime):
		err = errors.Join(err, errors.New("PostgreSQL did not stop in time"), p.process.Process.Kill())
	}
	return errors.Join(err, os.RemoveAll(p.folder))
}

// unprivileged gives folder to another user if this process runs as root, because PostgreSQL refuses to run as root. It returns the
// attributes with which to start PostgreSQL's programs.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
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
	if err := errors.Join(uidErr, gidErr, os.Chown(folder, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
