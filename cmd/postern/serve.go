package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/postern-id/postern/config"
)

const (
	closeTime  = 15 * time.Second // for requests in flight at the end
	followTime = time.Second      // between checks for changes by other replicas
)

func serveCommand(t *terminal) *cobra.Command {
	var migrate bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the provider",
		Long: "Run the provider. Without settings it uses the issuer http://localhost:4280, and an SQLite database and a keyset in ./postern-data.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := map[string]string{}
			if migrate {
				flags["database.migrate"] = "true"
			}
			cfg, err := t.load(flags)
			if err != nil {
				return err
			}
			t.useDatabase(cfg)
			return serve(cmd.Context(), t, cfg)
		},
	}
	cmd.Flags().BoolVar(&migrate, "migrate", false, "apply pending migrations at the start, on PostgreSQL too")
	return cmd
}

func serve(ctx context.Context, t *terminal, cfg config.Config) error {
	logger, err := newLogger(cfg.Log, t.stderr)
	if err != nil {
		return err
	}
	slog.SetDefault(logger) // for reports of the loops
	tuneRuntime(&cfg)
	a, err := build(ctx, cfg, logger)
	if err != nil {
		return err
	}
	defer a.close()
	a.warn(ctx)
	listeners, err := a.listen(ctx)
	if err != nil {
		return err
	}
	return a.run(ctx, listeners)
}

// listener is a handler and the address where it is served.
type listener struct {
	net.Listener
	handler http.Handler
}

// listen opens the public listener, with TLS where it is configured, and that of the operators unless it is off.
func (a *app) listen(ctx context.Context) ([]listener, error) {
	var config net.ListenConfig
	public, err := config.Listen(ctx, "tcp", a.cfg.Listen)
	if err != nil {
		return nil, withHint(err, "another program may use this address: change the setting listen")
	}
	if a.cfg.TLS.CertFile == "" {
		public = strictListener{public}
	} else {
		certificates, err := newCertificates(a.cfg.TLS.CertFile, a.cfg.TLS.KeyFile)
		if err != nil {
			return nil, errors.Join(err, public.Close())
		}
		public = tls.NewListener(public, tlsConfig(certificates))
	}
	listeners := []listener{{public, a.public}}
	if a.cfg.OpsListen == "" {
		return listeners, nil
	}
	ops, err := config.Listen(ctx, "tcp", a.cfg.OpsListen)
	if err != nil {
		return nil, errors.Join(withHint(err, "another program may use this address: change the setting ops_listen"), public.Close())
	}
	return append(listeners, listener{strictListener{ops}, a.ops}), nil
}

// run serves until ctx is done. Then it tells load balancers that it is not ready, and serves on for as long as they need to notice; after that
// it lets requests in flight finish. The background loops run all the time, and end last.
func (a *app) run(ctx context.Context, listeners []listener) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	group, loops := errgroup.WithContext(life)
	var servers []*http.Server
	for _, l := range listeners {
		server := a.newServer(l.handler)
		servers = append(servers, server)
		a.log.InfoContext(ctx, "listening", "address", l.Addr().String())
		group.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	a.startLoops(loops, group)
	group.Go(func() error {
		defer end()
		a.drain(ctx, loops)
		return closeAll(context.WithoutCancel(ctx), servers)
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("serve: %w", err)
	}
	a.log.InfoContext(ctx, "stopped")
	return nil
}

// drain waits until ctx is done, and as long again as shutdown.drain says; it ends at once when a loop or a listener fails.
func (a *app) drain(ctx, loops context.Context) {
	select {
	case <-ctx.Done():
	case <-loops.Done():
	}
	a.stopping.Store(true)
	a.log.InfoContext(ctx, "stopping", "drain", a.cfg.Shutdown.Drain.String())
	select {
	case <-time.After(a.cfg.Shutdown.Drain):
	case <-loops.Done():
	}
}

// closeAll closes all listeners and waits for the requests in flight.
func closeAll(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	var group errgroup.Group
	for _, server := range servers {
		group.Go(func() error { return server.Shutdown(ctx) })
	}
	return group.Wait()
}

// startLoops starts everything that runs beside the requests.
func (a *app) startLoops(ctx context.Context, group *errgroup.Group) {
	group.Go(func() error { return a.keys.Run(ctx, followTime) })
	group.Go(func() error { return a.clients.Run(ctx, followTime) })
	group.Go(func() error { return a.audit.Run(ctx) })
	group.Go(func() error { return a.store.RunSweep(ctx, a.log) })
	group.Go(func() error { return a.provider.RunLogouts(ctx) })
	if a.courier != nil {
		group.Go(func() error { return a.courier.Run(ctx) })
	}
	if path := keysetFile(a.cfg); path != "" {
		group.Go(func() error { return followKeyset(ctx, a.store.Keyset(), path, a.log) })
	}
}

// tlsConfig allows TLS 1.3, and TLS 1.2 with AEAD cipher suites (RFC 9325 section 4.2).
func tlsConfig(certificates *certificates) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: certificates.get, NextProtos: []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// closing ends connections cleanly, with the header that tells the client so: all of them once the server stops, and those whose request came in
// chunks, behind which requestScanner does not look.
func (a *app) closing(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() || len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}

// newServer returns a server with the limits that net/http does not set by default.
func (a *app) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           a.closing(handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(serverLog{a.log}, "", 0),
	}
}

// serverLog logs net/http's own messages, such as failed handshakes, at level debug.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Write(line []byte) (int, error) {
	l.log.Debug("http", "message", string(line))
	return len(line), nil
}
