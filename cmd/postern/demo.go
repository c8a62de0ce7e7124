package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/cmd/demo-rp/relyingparty"
	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// The person and the app of the demo.
const (
	demoEmail  = "ada@example.test"
	demoClient = "demo-app"
)

type demoOptions struct{ listen, appListen, data string }

func demoCommand(t *terminal) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Show a whole sign-in on this machine: provider, app, invited user, mailbox and demo phone",
		Long: "Run the provider on an SQLite database in a fresh temporary folder, an app that signs people in through it, a mailbox\n" +
			"that catches every mail, and a demo phone that serves as authenticator app. There is nothing to configure, and nothing is left behind.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), t, o) },
	}
	cmd.Flags().StringVar(&o.listen, "listen", "localhost:4280", "`address` of the provider")
	cmd.Flags().StringVar(&o.appListen, "app-listen", "localhost:4281", "`address` of the app, the mailbox and the demo phone")
	cmd.Flags().StringVar(&o.data, "data", "", "keep the data in this `folder`")
	return cmd
}

func demo(ctx context.Context, t *terminal, o demoOptions) error {
	own, err := demoListen(ctx, "--listen", o.listen)
	if err != nil {
		return err
	}
	defer own.Close()
	apps, err := demoListen(ctx, "--app-listen", o.appListen)
	if err != nil {
		return err
	}
	defer apps.Close()
	folder, remove, err := demoFolder(o.data)
	if err != nil {
		return err
	}
	defer remove()
	cfg := config.Default()
	cfg.Issuer, cfg.Listen, cfg.OpsListen = "http://"+o.listen, o.listen, ""
	cfg.Registration, cfg.Shutdown.Drain = "open", 0
	cfg.Database.URL = config.Secret("sqlite:" + filepath.Join(folder, "postern.db"))
	if err := cfg.Validate(); err != nil {
		return err
	}
	a, err := build(ctx, cfg, t.quietLog())
	if err != nil {
		return err
	}
	defer a.close()
	secret, invitation, err := a.prepareDemo(ctx, "http://"+o.appListen, time.Now())
	if err != nil {
		return err
	}
	beside, err := a.demoPages("http://"+o.appListen, secret, filepath.Join(folder, "phone.json"))
	if err != nil {
		return err
	}
	if err := t.showDemo(cfg.Issuer, "http://"+o.appListen, invitation); err != nil {
		return err
	}
	return a.run(ctx, []listener{{own, a.public}, {apps, beside}})
}

// demoListen opens a listener of the demo; flag is the flag that chooses its address.
func demoListen(ctx context.Context, flag, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &usageError{"postern demo", fmt.Sprintf("%s: %.100q is not a loopback address, such as localhost:5280", flag, address), ""}
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, withHint(fmt.Errorf("%s is in use, perhaps by another postern", address),
			"end it, or choose other addresses: postern demo --listen localhost:5280 --app-listen localhost:5281")
	case err != nil:
		return nil, withHint(fmt.Errorf("cannot listen on %s: %w", address, err), "choose another address with "+flag)
	}
	return l, nil
}

// demoFolder returns the folder for the data, and a function that removes it at the end.
func demoFolder(kept string) (folder string, remove func(), err error) {
	if kept != "" {
		return kept, func() {}, os.MkdirAll(kept, 0o700)
	}
	folder, err = os.MkdirTemp("", "postern-demo-")
	return folder, func() { os.RemoveAll(folder) }, err
}

// prepareDemo registers the app and invites the person. In a folder that was kept both exist: the app gets a new secret, and
// the person a new invitation unless there is nothing left to set up.
func (s *services) prepareDemo(ctx context.Context, app string, now time.Time) (secret, invitation string, err error) {
	metadata := client.Defaults(client.Web)
	metadata.Name, metadata.RedirectURIs, metadata.ClientURI = "Demo App", []string{app + relyingparty.CallbackPath}, app
	_, secret, err = s.clients.Add(ctx, client.Registration{ID: demoClient, Metadata: metadata}, operator, now)
	if errors.Is(err, storage.ErrConflict) {
		secret, err = s.clients.RotateSecret(ctx, demoClient, 0, operator, now)
	}
	if err != nil {
		return "", "", err
	}
	_, invited, err := s.accounts.Operate.Add(ctx, identity.NewUser{
		Email: demoEmail, EmailVerified: true, Username: "ada", Name: "Ada Example", Groups: []string{"staff"},
	}, operator, now)
	if errors.Is(err, storage.ErrConflict) {
		_, invited, err = s.accounts.Operate.Invite(ctx, demoEmail, operator, now)
	}
	if errors.Is(err, account.ErrEnrolled) {
		return secret, "", nil
	}
	return secret, invited.URL, err
}

// demoPages are the relying app at a base URL, and the mailbox and the demo phone beside it.
func (a *app) demoPages(base, secret, phoneFile string) (http.Handler, error) {
	app, err := relyingparty.New(relyingparty.Config{Issuer: a.cfg.Issuer, ClientID: demoClient, ClientSecret: secret, BaseURL: base})
	if err != nil {
		return nil, err
	}
	phone, err := openPhone(phoneFile)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", app)
	mux.Handle("GET /mailbox", mailbox{a.store, a.log})
	mux.Handle("/phone", phone)
	mux.Handle("/phone/", phone)
	return mux, nil
}

// demoText is what the demo prints.
const demoText = `
Postern is running, with everything needed for a sign-in:

  the app        %[2]s
  the mailbox    %[2]s/mailbox
  a demo phone   %[2]s/phone
  the provider   %[1]s

Three steps:

  1. Open the invitation for Ada Example, choose a password and connect an authenticator app,
     your own or the demo phone:
     %[3]s
  2. Open the app and press "Sign in":  %[2]s
  3. Look at the ID token that the app got.

Press Ctrl-C to stop.
`

func (t *terminal) showDemo(issuer, app, invitation string) error {
	about := map[string]string{"issuer": issuer, "app": app, "mailbox": app + "/mailbox", "phone": app + "/phone", "invitation_url": invitation}
	return t.show(about, func(w io.Writer) {
		if invitation == "" {
			invitation = "(used already: Ada has a password and an authenticator)"
		}
		fmt.Fprintf(w, demoText, issuer, app, invitation)
	})
}

// mailbox shows every mail that Postern has written.
type mailbox struct {
	store *storage.Store
	log   *slog.Logger
}

func (m mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mails, err := m.store.Outbox.List(r.Context(), 100)
	if err == nil {
		err = writeMailbox(w, mails)
	}
	if err != nil {
		m.log.ErrorContext(r.Context(), "mailbox", "cause", err)
		http.Error(w, "The mailbox cannot be read right now.", http.StatusServiceUnavailable)
	}
}
