package fetchtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
)

// Loopback lists the addresses at which the clients of tests serve their keys and request objects.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Hosted is a server that answers every request with the same text and counts the requests.
type Hosted struct {
	*httptest.Server
	Asked  atomic.Int64
	answer atomic.Value // text; empty: 404
}

// NewHosted starts a server that answers with text until the test ends.
func NewHosted(t testing.TB, text string) *Hosted {
	h := &Hosted{}
	h.Answer(text)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h.Asked.Add(1)
		if text := h.answer.Load().(string); text != "" {
			_, _ = io.WriteString(w, text)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(h.Close)
	return h
}

// Answer changes the text. With an empty text the server answers with status 404.
func (h *Hosted) Answer(text string) { h.answer.Store(text) }
