package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/provider"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// services is everything below HTTP. The operators' commands use it.
type services struct {
	cfg      config.Config
	log      *slog.Logger
	store    *storage.Store
	audit    *audit.Log
	keys     *keys.Ring
	clients  *client.Registry
	accounts *journeys.Journeys
}

// openServices opens the database and creates the services that use it. The caller must close them.
func openServices(ctx context.Context, cfg config.Config, log *slog.Logger, how opening) (*services, error) {
	store, err := openMigrated(ctx, cfg, log, how)
	if err != nil {
		return nil, err
	}
	s, err := newServices(ctx, cfg, log, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return s, nil
}

func newServices(ctx context.Context, cfg config.Config, log *slog.Logger, store *storage.Store) (*services, error) {
	s := &services{cfg: cfg, log: log, store: store, audit: audit.New(store)}
	s.clients = client.New(client.Config{Store: store, Audit: s.audit, UnsignedIDTokens: cfg.Clients.UnsignedIDTokens})
	var err error
	s.keys, err = keys.New(keys.Config{
		Store: store, Audit: s.audit, RSABits: cfg.Signing.RSABits, TokenLifetime: max(cfg.Token.IDToken, cfg.Token.Access),
	})
	if err != nil {
		return nil, err
	}
	if err := s.keys.Load(ctx, time.Now()); err != nil {
		return nil, fmt.Errorf("load the signing keys: %w", err)
	}
	s.accounts, err = newAccounts(cfg, log, store, s.audit)
	return s, err
}

func newAccounts(cfg config.Config, log *slog.Logger, store *storage.Store, events *audit.Log) (*journeys.Journeys, error) {
	hasher, err := password.New(password.Config{
		Memory: uint32(cfg.Password.MemoryKiB), Time: uint32(cfg.Password.Time), Concurrency: cfg.Password.Concurrency,
	})
	if err != nil {
		return nil, err
	}
	guard, err := throttle.New(store, throttle.Config{
		PasswordTries: cfg.Throttle.PasswordTries, AddressTries: cfg.Throttle.PasswordAddressTries,
		CodeTries: cfg.Throttle.CodeTries, CodeCloseAfter: cfg.Throttle.CodeCloseAfter,
	})
	if err != nil {
		return nil, err
	}
	words, err := templates.NewMails(templates.MailConfig{
		Brand: templates.Brand{Name: cfg.Brand.Name, Color: cfg.Brand.Color}, Dir: cfg.TemplatesDir, AccountURL: cfg.Issuer + "/account",
		Contact: contactOf(cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: words})
	if err != nil {
		return nil, err
	}
	return journeys.New(journeys.Config{
		Config: account.Config{
			Store: store, Audit: events, Passwords: hasher, Throttle: guard, Notices: notices, Log: log,
			Issuer: cfg.Brand.Name, SiteURL: cfg.Issuer,
			TOTP: otp.Parameters{
				Algorithm: cfg.TOTP.Algorithm, Digits: cfg.TOTP.Digits, Period: int(cfg.TOTP.Period / time.Second),
			},
			StrictCodes: cfg.TOTP.Window == 0, MinPassword: cfg.Password.MinLength,
			Lifetimes: account.Lifetimes{
				HalfDone: cfg.Session.HalfDone, Idle: cfg.Session.Idle, Absolute: cfg.Session.Absolute, Remember: cfg.Session.Remember,
			},
		},
		SignUp: account.SignUp(cfg.Registration), TellNewBrowsers: cfg.Session.TellNewBrowsers,
	})
}

// close releases the database.
func (s *services) close() error { return s.store.Close() }

// app is the provider, wired but not listening.
type app struct {
	*services
	courier  *mail.Courier // nil if no mail server is configured
	provider *provider.Provider
	metrics  *metrics
	public   http.Handler
	ops      http.Handler
	stopping atomic.Bool
	health   health
}

// build wires the provider, and creates the database if it does not exist. It is called by the commands that serve and by tests; nothing
// else puts the parts together.
func build(ctx context.Context, cfg config.Config, log *slog.Logger) (*app, error) {
	s, err := openServices(ctx, cfg, log, orNew)
	if err != nil {
		return nil, err
	}
	a, err := s.newApp()
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return a, nil
}

func (s *services) newApp() (*app, error) {
	courier, err := s.newCourier()
	if err != nil {
		return nil, err
	}
	a := &app{services: s, courier: courier, metrics: newMetrics(s, courier)}
	pages, err := templates.New(templates.Config{
		Brand: templates.Brand{Name: s.cfg.Brand.Name, Color: s.cfg.Brand.Color, LogoFile: s.cfg.Brand.LogoFile},
		Dir:   s.cfg.TemplatesDir, BasePath: s.cfg.IssuerURL().Path, Secure: s.cfg.Secure(), Instance: s.cfg.Instance(), Contact: contactOf(s.cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	webs, err := s.newWebs(pages)
	if err != nil {
		return nil, err
	}
	a.provider = webs.provider
	a.public = a.publicHandler(pages, webs)
	a.ops = a.opsHandler()
	return a, nil
}

func contactOf(cfg config.Config) templates.Contact {
	return templates.Contact{
		Email: cfg.Support.Email, HelpURL: cfg.Support.URL,
		ImprintURL: cfg.Links.Imprint, PrivacyURL: cfg.Links.Privacy, TermsURL: cfg.Links.Terms,
	}
}

// newCourier returns a courier for the configured mail server, or nil if there is none.
func (s *services) newCourier() (*mail.Courier, error) {
	if s.cfg.SMTP.URL == "" {
		return nil, nil
	}
	cfg := s.cfg.SMTP
	server, err := mail.NewSMTP(mail.SMTPConfig{
		URL: cfg.URL.Reveal(), From: cfg.From, Issuer: s.cfg.Issuer, TLS: mail.TLS(cfg.TLS), Token: tokenOf(cfg),
	})
	if err != nil {
		return nil, err
	}
	if tls := mail.TLS(cfg.TLS); tls == mail.TLSOpportunistic || tls == mail.TLSNone {
		s.log.Warn("INSECURE MAIL: anyone on the network between Postern and the mail server can read every mail with its one-time links, and the password",
			"setting", "smtp.tls", "value", cfg.TLS)
	}
	return mail.NewCourier(s.store, server, s.log), nil
}

// tokenOf returns the source of tokens for the mail server, or nil if Postern signs in there with a password or not at all.
func tokenOf(cfg config.SMTP) mail.Token {
	switch {
	case cfg.TokenFile != "":
		return mail.TokenFile(cfg.TokenFile)
	case strings.TrimSpace(cfg.TokenCommand) != "":
		return mail.TokenCommand(cfg.TokenCommand)
	}
	return nil
}

// newFetcher returns the client for requests to URLs that clients registered.
func newFetcher(cfg config.Outbound) (*fetch.Client, error) {
	if cfg.CAFile == "" {
		return fetch.New(fetch.Config{Allow: cfg.Allow}), nil
	}
	text, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("outbound.ca_file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("the system's certificates: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("outbound.ca_file has no certificate in it")
	}
	return fetch.New(fetch.Config{Roots: roots, Allow: cfg.Allow}), nil
}
