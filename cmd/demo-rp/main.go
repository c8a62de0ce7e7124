// Command demo-rp is a small app that signs people in through an OpenID Connect
// provider and shows what the provider says about them. Use it to try out a
// sign-in, by hand or with docker-compose.
//
// Each flag can also be given as an environment variable, for example
// DEMO_RP_CLIENT_ID for --client-id.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/postern-id/postern/cmd/demo-rp/relyingparty"
)

type settings struct {
	issuer, clientID, clientSecret, clientSecretFile, listen, redirectBase string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := parse(os.Args[1:], os.LookupEnv)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo-rp:", err)
		os.Exit(2)
	}
	if err := serve(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "demo-rp:", err)
		os.Exit(1)
	}
}

// parse returns the settings. A flag takes precedence over its environment
// variable, and the variable over the default. It returns an error if a flag is
// unknown or both secrets are given.
func parse(args []string, lookupEnv func(string) (string, bool)) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo-rp", flag.ContinueOnError)
	flags.StringVar(&s.issuer, "issuer", "http://localhost:4280", "issuer `URL` of the provider")
	flags.StringVar(&s.clientID, "client-id", "", "client `ID` of this app at the provider")
	flags.StringVar(&s.clientSecret, "client-secret", "", "client `secret`, better given in a file or the environment; leave it out for a public client")
	flags.StringVar(&s.clientSecretFile, "client-secret-file", "", "`file` with the client secret")
	flags.StringVar(&s.listen, "listen", "127.0.0.1:4281", "`address` to listen on")
	flags.StringVar(&s.redirectBase, "redirect-base", "http://localhost:4281", "`origin` at which browsers reach this app; the redirect URI is this followed by "+relyingparty.CallbackPath)
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	flags.VisitAll(func(f *flag.Flag) {
		// A variable is not the flag's default, because the help text would
		// then show the secret.
		value, ok := lookupEnv("DEMO_RP_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
		if ok && !given[f.Name] {
			_ = f.Value.Set(value) // cannot fail: all flags are strings
		}
	})
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if s.clientSecretFile == "" {
		return s, nil
	}
	if s.clientSecret != "" {
		return settings{}, errors.New("give --client-secret or --client-secret-file, not both")
	}
	secret, err := os.ReadFile(s.clientSecretFile)
	if err != nil {
		return settings{}, fmt.Errorf("client secret: %w", err)
	}
	s.clientSecret = strings.TrimSpace(string(secret))
	return s, nil
}

// serve runs the app until ctx is done. It returns an error if the settings are
// wrong or the app cannot listen.
func serve(ctx context.Context, s settings) error {
	app, err := relyingparty.New(relyingparty.Config{
		Issuer: s.issuer, ClientID: s.clientID, ClientSecret: s.clientSecret, BaseURL: s.redirectBase,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           app,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Fprintf(os.Stderr, "demo-rp: open %s\n", s.redirectBase)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
