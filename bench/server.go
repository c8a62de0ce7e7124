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

// instance is a Postern server that can be started: its program, its settings and its address.
type instance struct {
	binary  string
	environ []string
	address string // host:port of the public listener
	log     string // file for the server's output
}

const (
	commandTime = 10 * time.Minute       // for one command
	startTime   = time.Minute            // until the first 200
	stopTime    = 30 * time.Second       // from the signal to the end of the process
	startLook   = 500 * time.Microsecond // between attempts to reach a server that is starting
)

// command runs one of Postern's commands and returns its output. The error contains what the command wrote to standard error.
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

// start starts the server and waits for its first 200. It returns the time that this took.
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

// lastWords returns an error with the end of the server's log.
func (i instance) lastWords() error {
	text, err := os.ReadFile(i.log)
	if err != nil {
		return err
	}
	return errors.New(string(text[max(0, len(text)-2000):]))
}

// stop sends the server a signal to end, by its process id, and waits until it has ended.
func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-s.ended:
		s.ended <- err
		return nil
	case <-time.After(stopTime):
		return errors.Join(errors.New("the server did not stop in time"), s.process.Process.Kill())
	}
}

// residentBytes returns the resident memory of the server's process, or 0 if the system does not report it.
func (s *server) residentBytes() int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(s.process.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	return residentOf(string(text))
}

// residentOf returns VmRSS from the text of /proc/PID/status, in bytes (proc(5)).
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
