package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/provider/fetch"
)

// The settings decide which servers fetches may reach and trust: by default none on this machine.
func TestOutboundSettings(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}
	ask := func(cfg config.Outbound) error {
		fetcher, err := newFetcher(cfg)
		require.NoError(t, err)
		_, err = fetcher.Get(t.Context(), server.URL, "application/json", 100)
		return err
	}
	require.ErrorIs(t, ask(config.Outbound{}), fetch.ErrAddress)
	require.ErrorIs(t, ask(config.Outbound{CAFile: ca}), fetch.ErrAddress)
	require.ErrorContains(t, ask(config.Outbound{Allow: allow}), "certificate")
	require.NoError(t, ask(config.Outbound{CAFile: ca, Allow: allow}))

	closed, err := newFetcher(config.Outbound{})
	require.NoError(t, err)
	for _, uri := range canary.URLs("/") {
		_, err := closed.Get(t.Context(), uri, "application/json", 100)
		require.Error(t, err, uri)
		require.Zero(t, canary.Sung(), uri)
	}

	_, err = newFetcher(config.Outbound{CAFile: ca + ".none"})
	require.ErrorIs(t, err, os.ErrNotExist)
}
