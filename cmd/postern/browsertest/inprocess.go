package browsertest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

// ErrNotServed: a request went to a host that has no handler.
var ErrNotServed = errors.New("browsertest: no handler for this host")

// InProcess is a network without wires: it calls the handler that stands for
// the host of a request, for example "localhost:4280", in the goroutine of the
// caller. The key is the host as it stands in URLs, with the port if it stands
// there. As an http.RoundTripper it also serves clients inside the handlers,
// such as a relying app that calls its provider.
type InProcess map[string]http.Handler

// RoundTrip implements http.RoundTripper. Its error wraps ErrNotServed.
func (network InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	handler, ok := network[r.URL.Host]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotServed, r.URL.Host)
	}
	received := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.RequestURI(), bytes.NewReader(body))
	received.Header = r.Header.Clone()
	received.Host = r.URL.Host
	if r.URL.Scheme == "https" {
		received.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, received)
	answer := recorder.Result()
	answer.Request = r
	return answer, nil
}
