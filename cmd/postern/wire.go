package main

import (
	"bytes"
	"net"
	"strconv"
	"strings"
)

// strictListener looks at the bytes of HTTP/1.1 requests before net/http does, which is more lenient than proxies are: where the two
// disagree on where a request ends, one request hides another. It makes requests that RFC 9112 requires a server to refuse unreadable, so
// that net/http answers 400 and closes the connection: lines that end without CR (section 2.2), folded headers (section 5.2), a length
// beside a transfer coding (section 6.1), and two lengths (section 6.3).
type strictListener struct{ net.Listener }

// Accept implements net.Listener.
func (l strictListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &strictConn{Conn: conn}, nil
}

type strictConn struct {
	net.Conn
	requests requestScanner
}

// Read implements net.Conn.
func (c *strictConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.requests.scan(p[:n])
	return n, err
}

// requestScanner follows the heads and bodies of the requests on one connection. The zero value is ready for the first request.
type requestScanner struct {
	body uint64 // bytes left of the current body
	over bool   // nothing more is checked: the connection ends with the current request

	lines  int    // of the present head, before the present line
	line   []byte // its beginning
	header string // its name in lower case, once its colon was seen
	last   byte

	length      string // value of Content-Length
	hasLength   bool
	transferred bool // there is a Transfer-Encoding
}

// longestLine is how much of a line is kept: enough for the headers that matter.
const longestLine = 64

// unreadable is a byte that is allowed neither in a request line nor in a header.
const unreadable = 0

// scan reads p, however the network has split the requests, and overwrites what must not be read.
func (s *requestScanner) scan(p []byte) {
	for i := 0; i < len(p) && !s.over; i++ {
		if skipped := min(s.body, uint64(len(p)-i)); skipped > 0 {
			s.body -= skipped
			i += int(skipped) - 1
			continue
		}
		if !s.next(p[i]) {
			p[i], s.over = unreadable, true
		}
	}
}

// next reads one byte of a head, and reports whether it is allowed there.
func (s *requestScanner) next(b byte) bool {
	first := len(s.line) == 0
	last := s.last
	s.last = b
	switch {
	case b == '\n' && last != '\r':
		return false
	case b == '\n':
		s.endLine()
		return true
	case first && s.lines > 0 && (b == ' ' || b == '\t'):
		return false
	}
	if len(s.line) < longestLine {
		s.line = append(s.line, b)
	}
	if b == ':' && s.lines > 0 && s.header == "" {
		return s.name(string(bytes.ToLower(s.line[:len(s.line)-1])))
	}
	return true
}

// name reads the name of a header, and reports whether it is allowed in this head.
func (s *requestScanner) name(name string) bool {
	s.header = name + ":"
	switch name {
	case "content-length":
		twice := s.hasLength
		s.hasLength = true
		return !twice && !s.transferred
	case "transfer-encoding":
		s.transferred = true
		return !s.hasLength
	}
	return true
}

func (s *requestScanner) endLine() {
	line := strings.TrimSuffix(string(s.line), "\r")
	if s.header == "content-length:" {
		s.length = strings.Trim(line[len(s.header):], " \t")
	}
	s.line, s.header = s.line[:0], ""
	s.lines++
	if line == "" {
		s.endHead()
	}
}

// endHead finds out where the body ends. What net/http refuses, and a body in chunks, after which the server closes the connection, need not be
// followed.
func (s *requestScanner) endHead() {
	var err error
	if s.hasLength {
		s.body, err = strconv.ParseUint(s.length, 10, 63)
	}
	*s = requestScanner{body: s.body, line: s.line, over: err != nil || s.transferred || s.lines == 1}
}
