package fetchtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
)

// Loopback is where the clients of tests serve their keys and request objects.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Hosted is a server of one text that counts how often it is asked.
type Hosted struct {
	*httptest.Server
	Asked  atomic.Int64
	answer atomic.Value // text; empty: 404
}

// NewHosted starts a server of a text, until the test ends.
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

// Answer changes the text; when it is empty, the server answers that there is none.
func (h *Hosted) Answer(text string) { h.answer.Store(text) }
