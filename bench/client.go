package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// connection is one keep-alive HTTP/1.1 connection, used by one goroutine. It follows no redirects, keeps no cookies and retries
// nothing. It writes and reads in the caller's goroutine, because net/http's client would use more of the cores, which it shares
// with the server, than most requests cost.
type connection struct {
	address string // host:port
	conn    net.Conn
	reader  *bufio.Reader
	writer  *bufio.Writer
	body    bytes.Buffer
}

// request is what a scenario sends. Its parts are sent as they are.
type request struct {
	method string
	target string // path and query
	header []string
	form   string // form-encoded body; empty: no body
}

// answer is the server's answer to a request. The body is valid until the connection's next request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const (
	answerTime = 15 * time.Second // for one request and its whole answer
	maxAnswer  = 1 << 20
)

// do sends a request and reads the whole answer. It connects first if there is no open connection.
func (c *connection) do(q request) (answer, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, answerTime)
		if err != nil {
			return answer{}, err
		}
		c.conn, c.reader, c.writer = conn, bufio.NewReader(conn), bufio.NewWriter(conn)
	}
	a, keep, err := c.exchange(q)
	if err != nil || !keep {
		err = errors.Join(err, c.close())
	}
	return a, err
}

func (c *connection) exchange(q request) (a answer, keep bool, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return answer{}, false, err
	}
	if err := c.send(q); err != nil {
		return answer{}, false, fmt.Errorf("send %s: %w", q.method, err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return answer{}, false, fmt.Errorf("read the answer: %w", err)
	}
	defer response.Body.Close()
	c.body.Reset()
	n, err := c.body.ReadFrom(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return answer{}, false, fmt.Errorf("read the answer's body: %w", err)
	}
	if n > maxAnswer {
		return answer{}, false, errors.New("the answer is too long")
	}
	return answer{status: response.StatusCode, header: response.Header, body: c.body.Bytes()}, !response.Close, nil
}

// send writes the request. bufio keeps the first error for Flush.
func (c *connection) send(q request) error {
	w := c.writer
	for _, part := range []string{q.method, " ", q.target, " HTTP/1.1\r\nHost: ", c.address, "\r\n"} {
		w.WriteString(part)
	}
	for _, line := range q.header {
		w.WriteString(line)
		w.WriteString("\r\n")
	}
	if q.form != "" {
		w.WriteString("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ")
		w.WriteString(strconv.Itoa(len(q.form)))
		w.WriteString("\r\n")
	}
	w.WriteString("\r\n")
	w.WriteString(q.form)
	return w.Flush()
}

func (c *connection) close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}
