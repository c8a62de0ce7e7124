package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// instance is how a Postern server of this run is started: its program, its settings and its address.
type instance struct {
	binary  string
	environ []string
	address string // host:port of the public listener
	log     string // file of what it writes
}

const (
	commandTime = 10 * time.Minute       // for one command
	startTime   = time.Minute            // until the first 200
	stopTime    = 30 * time.Second       // after a signal to end
	startLook   = 500 * time.Microsecond // between attempts to reach a server that starts
)

// command runs one of Postern's commands and returns what it prints.
func (i instance) command(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	child := exec.CommandContext(ctx, i.binary, args...)
	child.Env = i.environ
	var stdout, stderr bytes.Buffer
	child.Stdout, child.Stderr = &stdout, &stderr
	if err := child.Run(); err != nil {
		return nil, fmt.Errorf("postern %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// server is a running server.
type server struct {
	process *exec.Cmd
	ended   chan error
}

// start starts the server and returns after its first 200, with the time that took.
func (i instance) start(ctx context.Context) (*server, time.Duration, error) {
	log, err := os.OpenFile(i.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, err
	}
	defer log.Close()
	child := exec.Command(i.binary, "serve")
	child.Env, child.Stdout, child.Stderr = i.environ, log, log
	begin := time.Now()
	if err := child.Start(); err != nil {
		return nil, 0, fmt.Errorf("start the server: %w", err)
	}
	s := &server{process: child, ended: make(chan error, 1)}
	go func() { s.ended <- child.Wait() }()
	if err := i.await(ctx, s, begin.Add(startTime)); err != nil {
		return nil, 0, errors.Join(err, s.stop(), i.lastWords())
	}
	return s, time.Since(begin), nil
}

func (i instance) await(ctx context.Context, s *server, deadline time.Time) error {
	var last error
	for time.Now().Before(deadline) {
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the server ended before it answered: %v", err)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		c := &connection{address: i.address}
		a, err := c.do(request{method: http.MethodGet, target: discoveryPath})
		switch last = errors.Join(err, c.close()); {
		case last == nil && a.status == http.StatusOK:
			return nil
		case last == nil:
			last = unexpected(a)
		}
		time.Sleep(startLook)
	}
	return fmt.Errorf("no 200 from the server within %v: %w", startTime, last)
}

// lastWords returns the end of the server's log as an error.
func (i instance) lastWords() error {
	text, err := os.ReadFile(i.log)
	if err != nil {
		return err
	}
	return errors.New(string(text[max(0, len(text)-2000):]))
}

// stop ends the server by its process id and waits for it.
func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-s.ended:
		s.ended <- err
		return nil
	case <-time.After(stopTime):
		return errors.Join(errors.New("the server did not end when it was asked to"), s.process.Process.Kill())
	}
}

// residentBytes returns the memory of the server's process that is in use, or 0 where the system does not tell.
func (s *server) residentBytes() int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(s.process.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	return residentOf(string(text))
}

// residentOf reads VmRSS of proc(5).
func residentOf(status string) int64 {
	for line := range strings.Lines(status) {
		value, found := strings.CutPrefix(line, "VmRSS:")
		if !found {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		if err == nil {
			return kilobytes << 10
		}
	}
	return 0
}
