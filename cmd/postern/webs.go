package main

import (
	"context"

	"github.com/postern-id/postern/consent"
	"github.com/postern-id/postern/login"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/self"
	"github.com/postern-id/postern/provider"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// webs are the web applications. They do not import one another; they are connected here.
type webs struct {
	login    *login.Login
	self     *self.Pages
	consent  *consent.Consent
	provider *provider.Provider
}

func (s *services) newWebs(pages *templates.Pages) (w webs, err error) {
	sessions, err := browser.New(browser.Config{
		Store: s.store, Audit: s.audit, Secure: s.cfg.Secure(), Instance: s.cfg.Instance(), Idle: s.cfg.Session.Idle, Remember: s.cfg.Session.Remember,
	})
	if err != nil {
		return webs{}, err
	}
	if w.provider, err = s.newProvider(pages, sessions); err != nil {
		return webs{}, err
	}
	if w.login, err = s.newLogin(pages, sessions, w.provider); err != nil {
		return webs{}, err
	}
	base := s.cfg.IssuerURL().Path
	w.consent, err = consent.New(consent.Config{
		Store: s.store, Audit: s.audit, Visitor: sessions, Pages: pages, Log: s.log,
		Provider: consent.Provider{
			Describe: forConsent(w.provider), Client: s.forApps, Over: w.provider.Over, Words: scope.Words, ContinueURL: s.continueURL(),
		},
		BasePath: base,
	})
	if err != nil {
		return webs{}, err
	}
	w.self, err = self.New(self.Config{
		Account: s.accounts.Self, Arrive: s.accounts.Arrive, Passwords: s.accounts.Rules.Passwords, Sessions: sessions, Pages: pages, Log: s.log,
		Apps: w.consent.Apps, Withdraw: w.consent.Withdraw,
		StartAgain: w.login.StartAgain, BasePath: base,
	})
	return w, err
}

// continueURL is the URL at which an authorization request continues after a page.
func (s *services) continueURL() string { return s.cfg.Issuer + "/oauth2/auth" }

func (s *services) newProvider(pages *templates.Pages, sessions *browser.Sessions) (*provider.Provider, error) {
	cfg := s.cfg
	fetcher, err := newFetcher(cfg.Outbound)
	if err != nil {
		return nil, err
	}
	return provider.New(provider.Config{
		Issuer: cfg.Issuer, SignInURL: cfg.Issuer + "/login", ConsentURL: cfg.Issuer + "/consent",
		Store: s.store, Audit: s.audit, Keys: s.keys, Clients: s.clients, SignIns: sessions, Pages: pages, Fetch: fetcher, Log: s.log,
		Registration: registration.Policy(cfg.ClientRegistration), PKCERequired: cfg.Clients.PKCE == "required",
		UnsignedIDTokens: cfg.Clients.UnsignedIDTokens,
		FlowLife:         cfg.Session.Flow, CodeLife: cfg.Token.Code, AccessTokenLife: cfg.Token.Access, IDTokenLife: cfg.Token.IDToken,
		RefreshIdle: cfg.Token.RefreshIdle, RefreshAbsolute: cfg.Token.RefreshAbsolute, RefreshGrace: cfg.Token.RefreshGrace,
	})
}

func (s *services) newLogin(pages *templates.Pages, sessions *browser.Sessions, p *provider.Provider) (*login.Login, error) {
	return login.New(login.Config{
		Account: login.Account{
			SignIn: s.accounts.SignIn, Enrol: s.accounts.Enrol, Recovery: s.accounts.Recovery, Arrive: s.accounts.Arrive, Self: s.accounts.Self,
			Passwords: s.accounts.Rules.Passwords,
		},
		Sessions: sessions, Pages: pages, Log: s.log, Sections: self.Sections(),
		Provider: login.Provider{
			Flows: s.store.Flows, Describe: forLogin(p), App: p.App, Over: p.Over, Frames: p.Frames, ContinueURL: s.continueURL(),
		},
		Issuer: s.cfg.Brand.Name, BasePath: s.cfg.IssuerURL().Path, OfferRemember: s.cfg.Session.Remember > 0,
	})
}

// forLogin returns what the sign-in pages show of a flow.
func forLogin(p *provider.Provider) func(context.Context, storage.Flow) (login.Request, error) {
	return func(ctx context.Context, flow storage.Flow) (login.Request, error) {
		view, err := p.Describe(ctx, flow)
		return login.Request{App: view.App, LoginHint: view.LoginHint, Locales: view.Locales, RedirectURI: view.RedirectURI, Answers: view.Answers}, err
	}
}

// forConsent returns what the consent page asks for a flow.
func forConsent(p *provider.Provider) func(context.Context, storage.Flow) (consent.Request, error) {
	return func(ctx context.Context, flow storage.Flow) (consent.Request, error) {
		view, err := p.Describe(ctx, flow)
		return consent.Request{
			App: view.App, Asked: view.Asked, Locales: view.Locales, RedirectURI: view.RedirectURI, Unproven: view.Native,
		}, err
	}
}

// forApps returns what the list of apps with access shows of a client.
func (s *services) forApps(ctx context.Context, id string) (consent.App, error) {
	c, err := s.clients.Client(ctx, id)
	if err != nil {
		return consent.App{}, err
	}
	return consent.App{App: templates.App{Name: c.Name, Logo: c.LogoURI}, Unasked: c.Consent == client.ConsentSkip}, nil
}
