package provider

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage/storagetest"
)

// Anybody can send a slow request_uri that a client has registered. That is a fault of the request, not of this server.
func TestSlowAddressesAreNoOutage(t *testing.T) {
	hanging := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/trickle" {
			out.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(out).Flush()
		}
		select {
		case <-hanging:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(hanging)
	w := newWorld(t, storagetest.Open(t), func(cfg *Config) { cfg.Registration = registration.Open })
	c := w.asks(func(m *client.Metadata) {
		m.RequestURIs, m.JWKS, m.JWKSURI = []string{server.URL + "/silent", server.URL + "/trickle"}, nil, server.URL+"/keys"
	})
	t.Run("all", func(t *testing.T) {
		for name, check := range map[string]func(t *testing.T){
			"silent object": func(t *testing.T) {
				requireRefusal(t, w.authorize(w.request(c, "request_uri", server.URL+"/silent")), callback, invalidRequestURI)
			},
			"trickling object": func(t *testing.T) {
				requireRefusal(t, w.authorize(w.request(c, "request_uri", server.URL+"/trickle")), callback, invalidRequestURI)
			},
			"keys": func(t *testing.T) {
				a := w.authorize(w.request(c, "request", object(t, "ES256", "", inside(w.request(c)))))
				requireRefusal(t, a, callback, invalidRequestObject)
			},
			"sector": func(t *testing.T) {
				text := registrationText(t, "subject_type", "pairwise", "sector_identifier_uri", server.URL+"/sector")
				requireError(t, w.json(http.MethodPost, oauth.RegisterPath, "", text), http.StatusBadRequest, client.InvalidMetadata)
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t)
			})
		}
	})
	require.NotContains(t, w.log.String(), "level=ERROR")
}
