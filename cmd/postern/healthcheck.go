package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/config"
)

func healthcheckCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask the running provider on this machine whether it is ready; for containers", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := t.load(nil)
			if err != nil {
				return err
			}
			if err := healthcheck(cmd.Context(), cfg); err != nil {
				return withHint(err, "is postern serve running with the same settings?")
			}
			return t.show(map[string]bool{"ready": true}, func(w io.Writer) { fmt.Fprintln(w, "ready") })
		},
	}
}

// healthcheck asks /readyz of the public listener, over loopback if it listens on all addresses.
func healthcheck(ctx context.Context, cfg config.Config) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if cfg.TLS.CertFile != "" {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	// The certificate is for the issuer's name; here the process asks itself and sends no secret.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("not ready: " + response.Status)
	}
	return nil
}
