package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
)

// A caller that hangs up does not affect the others: the fetch that it began goes on, and each waits as long as its own context allows.
func TestFetchOfKeysOutlivesItsCaller(t *testing.T) {
	asked, release := make(chan struct{}, 10), make(chan struct{})
	var fetches atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		asked <- struct{}{}
		select {
		case <-release:
			_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	keys := client.NewRemoteKeys(fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
	c := &client.Client{Metadata: client.Metadata{JWKSURI: server.URL}}

	first, hangUp := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := keys.Keys(first, c); gone <- err }()
	<-asked
	hangUp()
	require.ErrorIs(t, <-gone, context.Canceled, "it waits no longer than its own context allows")

	type outcome struct {
		keys *jose.JSONWebKeySet
		err  error
	}
	waiting := make(chan outcome, 20)
	for range 20 {
		go func() { set, err := keys.Keys(t.Context(), c); waiting <- outcome{set, err} }()
	}
	another, leave := context.WithCancel(t.Context())
	leave()
	_, err := keys.Keys(another, c)
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	for range 20 {
		got := <-waiting
		require.NoError(t, got.err)
		require.Len(t, got.keys.Keys, 1)
	}
	set, err := keys.Keys(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, set.Keys, 1)
	require.EqualValues(t, 1, fetches.Load())
}
