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
	drainTime  = 15 * time.Second // for requests in flight at the end
	followTime = time.Second      // between looks for what other replicas changed
)

func serveCommand(t *terminal) *cobra.Command {
	var migrate bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the provider",
		Long: "Run the provider. With nothing configured: issuer http://localhost:4280, an SQLite database and a key file in ./postern-data.",
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
	slog.SetDefault(logger) // for what loops report
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

// listener is a handler and where it is served.
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
	if a.cfg.TLS.CertFile != "" {
		certificates, err := newCertificates(a.cfg.TLS.CertFile, a.cfg.TLS.KeyFile)
		if err != nil {
			return nil, errors.Join(err, public.Close())
		}
		public = tls.NewListener(public, &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: certificates.get, NextProtos: []string{"h2", "http/1.1"},
		})
	}
	listeners := []listener{{public, a.public}}
	if a.cfg.OpsListen == "" {
		return listeners, nil
	}
	ops, err := config.Listen(ctx, "tcp", a.cfg.OpsListen)
	if err != nil {
		return nil, errors.Join(withHint(err, "another program may use this address: change the setting ops_listen"), public.Close())
	}
	return append(listeners, listener{ops, a.ops}), nil
}

// run serves until ctx is done, then lets requests in flight finish. It starts the background loops and waits for them.
func (a *app) run(ctx context.Context, listeners []listener) error {
	group, loops := errgroup.WithContext(ctx)
	for _, l := range listeners {
		server := a.newServer(l.handler)
		a.log.InfoContext(ctx, "listening", "address", l.Addr().String())
		group.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			<-loops.Done()
			a.stopping.Store(true)
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			defer cancel()
			return server.Shutdown(drain)
		})
	}
	a.startLoops(loops, group)
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("serve: %w", err)
	}
	a.log.InfoContext(ctx, "stopped")
	return nil
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

// newServer sets every limit that net/http leaves open.
func (a *app) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(serverLog{a.log}, "", 0),
	}
}

// serverLog takes net/http's own messages, such as failed handshakes, as debug messages.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Write(line []byte) (int, error) {
	l.log.Debug("http", "message", string(line))
	return len(line), nil
}
