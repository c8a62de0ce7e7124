package relyingparty

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// CallbackPath is the path of the redirect URI, which must be registered at the
// provider. It follows the base URL.
const CallbackPath = "/callback"

const providerTimeout = 10 * time.Second

// Config says where the app and its provider are, and as which client the app
// is registered.
type Config struct {
	// Issuer is the issuer URL of the provider. Required. The provider may
	// start later than the app.
	Issuer string
	// ClientID is required.
	ClientID string
	// ClientSecret is sent by client_secret_basic. Empty: the app is a public
	// client.
	ClientSecret string
	// BaseURL is the origin at which browsers reach the app, for example
	// http://localhost:4281. Required.
	BaseURL string
	// Scopes are requested at each sign-in. Default: openid, profile, email,
	// offline_access.
	Scopes []string
	// HTTPClient sends the requests to the provider. Default: a client that
	// gives up after 10 s.
	HTTPClient *http.Client
}

// App is the app as an http.Handler.
type App struct {
	config   Config
	secure   bool // cookies are for https only
	sessions *sessions
	pages    *template.Template
	handler  http.Handler

	discovery sync.Mutex
	found     *provider // nil until discovery succeeds
}

// provider is what the app learned by discovery.
type provider struct {
	*oidc.Provider
	verifier *oidc.IDTokenVerifier
	// announcesIssuer says that every answer has an iss (RFC 9207 section 3).
	announcesIssuer bool
}

// New returns the app. It makes no request. It returns an error if a required
// field is missing or BaseURL is not the origin of a website.
func New(config Config) (*App, error) {
	if config.Issuer == "" || config.ClientID == "" {
		return nil, errors.New("relyingparty: issuer and client ID are required")
	}
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("relyingparty: base URL: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || config.BaseURL != base.Scheme+"://"+base.Host {
		return nil, fmt.Errorf("relyingparty: base URL %q is not like http://localhost:4281", config.BaseURL)
	}
	if len(config.Scopes) == 0 {
		config.Scopes = []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, oidc.ScopeOfflineAccess}
	}
	if config.HTTPClient == nil {
		config.HTTPClient = &http.Client{Timeout: providerTimeout}
	}
	pages, err := template.ParseFS(embedded, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("relyingparty: %w", err)
	}
	a := &App{config: config, secure: base.Scheme == "https", sessions: newSessions(), pages: pages}
	a.handler = a.routes()
	return a, nil
}

// ServeHTTP implements http.Handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

func (a *App) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.handle(a.home))
	mux.Handle("GET /signin", a.handle(a.beginSignIn))
	mux.Handle("GET "+CallbackPath, a.handle(a.finishSignIn))
	mux.Handle("POST /refresh", a.handle(a.refresh))
	mux.Handle("POST /signout", a.handle(a.signOut))
	mux.Handle("GET /assets/{file}", http.FileServerFS(embedded))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, embedded, "assets/icon.svg")
	})
	mux.Handle("/", a.handle(func(http.ResponseWriter, *http.Request) error { return errNotFound }))
	return http.NewCrossOriginProtection().Handler(withHeaders(mux))
}

// withHeaders sets the headers that every response has.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			h.Set("Cache-Control", "no-cache")
		} else {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// toProvider returns ctx with the HTTP client that both libraries use for
// requests to the provider.
func (a *App) toProvider(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, a.config.HTTPClient)
}

// provider returns the provider. It does discovery on the first call, and again
// on further calls until it succeeds. Its error is a *problem.
func (a *App) provider(ctx context.Context) (*provider, error) {
	a.discovery.Lock()
	defer a.discovery.Unlock()
	if a.found != nil {
		return a.found, nil
	}
	discovered, err := oidc.NewProvider(a.toProvider(ctx), a.config.Issuer)
	if err != nil {
		return nil, unreachable(a.config.Issuer, err)
	}
	var metadata struct {
		AnnouncesIssuer bool `json:"authorization_response_iss_parameter_supported"`
	}
	if err := discovered.Claims(&metadata); err != nil {
		return nil, unreachable(a.config.Issuer, err)
	}
	a.found = &provider{
		Provider:        discovered,
		verifier:        discovered.Verifier(&oidc.Config{ClientID: a.config.ClientID}),
		announcesIssuer: metadata.AnnouncesIssuer,
	}
	return a.found, nil
}

func (a *App) oauth(p *provider) *oauth2.Config {
	endpoint := p.Endpoint()
	// Do not let the library try methods: an attempt with the wrong one uses up
	// the code.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if a.config.ClientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID:     a.config.ClientID,
		ClientSecret: a.config.ClientSecret,
		Endpoint:     endpoint,
		RedirectURL:  a.config.BaseURL + CallbackPath,
		Scopes:       a.config.Scopes,
	}
}
