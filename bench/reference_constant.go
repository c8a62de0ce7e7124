package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/gin-gonic/gin"
)

// constantCommand is the argument that makes this program serve the constant answer. Like Postern, the constant server must be a
// separate process.
const constantCommand = "serve-constant"

const constantPath = "/constant"

// constantAnswer is as long as a discovery document.
var constantAnswer = []byte(`{"constant":"` + strings.Repeat("x", 1785) + `"}`)

// serveConstant serves the constant answer on a free port of the loopback interface until in ends. It writes the address to out.
func serveConstant(in io.Reader, out io.Writer) error {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET(constantPath, func(c *gin.Context) { c.Data(http.StatusOK, "application/json", constantAnswer) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: engine}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return errors.Join(err, server.Close())
	}
	_, err = io.Copy(io.Discard, in)
	err = errors.Join(err, server.Close())
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// measureConstant starts the constant server, measures it with each number of connections, and stops it.
func measureConstant(ctx context.Context, connections []int, p plan) (all []measurement, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, self, constantCommand)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("start the constant server: %w", err)
	}
	defer func() { err = errors.Join(err, stdin.Close(), child.Wait()) }()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read the constant server's address: %w", err)
	}
	t := &target{address: strings.TrimSpace(line)}
	get := request{method: http.MethodGet, target: constantPath}
	for _, n := range connections {
		s, err := closedLoop(ctx, each(t, n, func(c *connection, _ int) step { return sameAnswer(c, get, constantAnswer) }), p)
		if err = errors.Join(err, s.firstError, t.hangUp()); err != nil {
			return nil, err
		}
		all = append(all, newMeasurement(refConstant, closed, n, s))
	}
	return all, nil
}
