package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/postern-id/postern/storage/storagetest"
)

// TestServeLeavesNothingRunning starts the provider with all its loops, lets it answer, stops it, and looks for goroutines that stayed.
func TestServeLeavesNothingRunning(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		db.Open(t) // the test's own connections, and its database server, are there before
		before := goleak.IgnoreCurrent()
		a, err := build(t.Context(), settings(t, db, "http://"+freeAddress(t)), newQuietLog(t))
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		a.cfg.Listen = a.cfg.IssuerURL().Host
		listeners, err := a.listen(ctx)
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- a.run(ctx, listeners) }()
		transport := &http.Transport{}
		client := http.Client{Transport: transport, Timeout: 10 * time.Second}
		for _, path := range []string{"/readyz", "/login", "/oauth2/auth", "/.well-known/jwks.json"} {
			answer, err := client.Get(a.cfg.Issuer + path)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
		}
		transport.CloseIdleConnections()
		stop()
		require.NoError(t, <-done)
		require.NoError(t, a.close())
		goleak.VerifyNone(t, before)
	})
}
