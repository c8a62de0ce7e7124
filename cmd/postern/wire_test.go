package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rawServer answers every request with its path and body, behind the listener and the server that are in force.
func rawServer(t *testing.T, edit func(*http.Server)) (address string, a *app) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	a = &app{services: &services{log: newQuietLog(t)}}
	server := a.newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, r.URL.Path+" "+string(body))
	}))
	if edit != nil {
		edit(server)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(strictListener{l}) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return l.Addr().String(), a
}

// speak sends bytes and returns the statuses and bodies of the answers, until the server closes the connection or falls silent.
func speak(t *testing.T, address, text string) (answers []string, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	for {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		answer, err := http.ReadResponse(reader, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return answers, false
		}
		if err != nil {
			return answers, true
		}
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		answers = append(answers, answer.Status[:3]+" "+string(body))
	}
}

const good = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n"

// Requests that RFC 9112 requires a server to refuse are answered with 400, and nothing after them is answered.
func TestAmbiguousRequests(t *testing.T) {
	address, _ := rawServer(t, nil)
	for name, text := range map[string]string{
		"a length beside chunks":   "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunks beside a length":   "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"in any case":              "POST /a HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 5\r\nTRANSFER-encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":              "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
		"different lengths":        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a list of lengths":        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na",
		"a length with a sign":     "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
		"bare LF everywhere":       "GET /a HTTP/1.1\nHost: x\n\n",
		"bare LF, request line":    "GET /a HTTP/1.1\nHost: x\r\n\r\n",
		"bare LF, header":          "GET /a HTTP/1.1\r\nHost: x\nAccept: */*\r\n\r\n",
		"bare LF, end":             "GET /a HTTP/1.1\r\nHost: x\r\n\n",
		"bare LF, last line":       "GET /a HTTP/1.1\r\nHost: x\n\r\n",
		"folded by a blank":        "GET /a HTTP/1.1\r\nHost: x\r\nAccept: a\r\n b\r\n\r\n",
		"folded by a tab":          "GET /a HTTP/1.1\r\nHost: x\r\nAccept: a\r\n\tb: c\r\n\r\n",
		"folded at the beginning":  "GET /a HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n",
		"a blank before the colon": "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\na",
		"bare CR":                  "GET /a HTTP/1.1\r\nHost: x\r\nAccept: a\rb\r\n\r\n",
	} {
		answers, closed := speak(t, address, text+good)
		require.Len(t, answers, 1, name)
		require.Equal(t, "400", answers[0][:3], name)
		require.True(t, closed, name)

		answers, closed = speak(t, address, good+text+good)
		require.Len(t, answers, 2, "%s, after a good one: %q", name, answers)
		require.Equal(t, "200 /good ", answers[0], name)
		require.Equal(t, "400", answers[1][:3], name)
		require.True(t, closed, name)
	}
}

// Good requests are answered one after the other, however they are sent.
func TestPlainRequests(t *testing.T) {
	address, a := rawServer(t, nil)
	body := "POST /a HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("y", 5000) + "\r\nContent-Length: 11\r\n\r\n a:b\n\tc\nd\r\n"
	answers, closed := speak(t, address, good+body+good+body+good)
	require.Equal(t, []string{"200 /good ", "200 /a  a:b\n\tc\nd\r\n", "200 /good ", "200 /a  a:b\n\tc\nd\r\n", "200 /good "}, answers)
	require.False(t, closed, "the connection is kept")

	answers, closed = speak(t, address, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"+good)
	require.Equal(t, []string{"200 /a ab"}, answers)
	require.True(t, closed, "after chunks the connection ends")

	a.stopping.Store(true)
	answers, closed = speak(t, address, good+good)
	require.Equal(t, []string{"200 /good "}, answers)
	require.True(t, closed, "a server that stops ends connections with the next answer")
}

// The result of the scanner does not depend on how the network splits the requests, and it changes at most one byte.
func FuzzRequestScanner(f *testing.F) {
	for _, seed := range []string{good, good + good, "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab" + good, "GET /\nHost: x\n\n", "\r\n\r\n", "a\r\n :\r\n"} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, part uint8) {
		whole := []byte(text)
		new(requestScanner).scan(whole)
		parts, scanner := []byte(text), requestScanner{}
		for rest := parts; len(rest) > 0; {
			n := min(len(rest), int(part%17)+1)
			scanner.scan(rest[:n])
			rest = rest[n:]
		}
		require.Equal(t, whole, parts)
		changed := 0
		for i := range whole {
			if whole[i] != text[i] {
				changed++
				require.Zero(t, whole[i])
			}
		}
		require.LessOrEqual(t, changed, 1)
	})
}
