package logintest

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/consent"
	"github.com/postern-id/postern/login"
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/self"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
	"github.com/postern-id/postern/templates"
)

// World has the sign-in pages and the account pages on a database. In place of the provider it has a URL that says who is signed in.
type World struct {
	Sessions *browser.Sessions
	T        *testing.T
	Store    *storage.Store
	Account  *journeys.Journeys
	Hasher   *password.Hasher
	Handler  http.Handler
	Client   storage.Client
	Unasked  string // id of a client that belongs to the operator
	DB       *storagetest.Database
	SQL      *sql.DB
	cfg      login.Config
}

// The templates are parsed once, because that takes longer than most tests.
var (
	pages = sync.OnceValues(func() (*templates.Pages, error) {
		return templates.New(templates.Config{Secure: true, Brand: templates.Brand{Name: "Example"}})
	})
	words = sync.OnceValues(func() (*templates.Mails, error) {
		return templates.NewMails(templates.MailConfig{Brand: templates.Brand{Name: "Example"}, AccountURL: Origin + "/account"})
	})
)

// OnSQLite runs body in virtual time with a fresh SQLite database.
func OnSQLite(t *testing.T, body func(t *testing.T, w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		body(t, New(t, storagetest.SQLite(t)))
	})
}

// OnBoth runs body on a fresh database of each kind. Only the one on SQLite runs in virtual time.
func OnBoth(t *testing.T, body func(t *testing.T, w *World)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { OnSQLite(t, body) })
	t.Run("postgres", func(t *testing.T) { body(t, New(t, storagetest.Postgres(t))) })
}

// New returns the pages on a database, open for sign-up.
func New(t *testing.T, db *storagetest.Database, interceptors ...storagetest.Interceptor) *World {
	t.Helper()
	return NewWith(t, db, func(*journeys.Config) {}, interceptors...)
}

// NewWith is New with changes to the configuration of the rules about accounts.
func NewWith(t *testing.T, db *storagetest.Database, change func(*journeys.Config), interceptors ...storagetest.Interceptor) *World {
	t.Helper()
	gin.SetMode(gin.TestMode)
	store := db.Open(t, interceptors...)
	log, quiet := audit.New(store), slog.New(slog.NewTextHandler(io.Discard, nil))
	hasher, err := password.New(password.Config{Memory: 64, Time: 1, Queue: 100})
	require.NoError(t, err)
	guard, err := throttle.New(store, throttle.Config{})
	require.NoError(t, err)
	words, err := words()
	require.NoError(t, err)
	notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: words})
	require.NoError(t, err)
	accountConfig := journeys.Config{SignUp: account.SignUpOpen, Config: account.Config{
		Store: store, Audit: log, Passwords: hasher, Throttle: guard, Notices: notices, Log: quiet,
		Issuer: "Example", SiteURL: Origin, Lifetimes: account.Lifetimes{Remember: 30 * 24 * time.Hour},
	}}
	change(&accountConfig)
	accounts, err := journeys.New(accountConfig)
	require.NoError(t, err)
	sessions, err := browser.New(browser.Config{Store: store, Audit: log, Secure: true, Remember: 30 * 24 * time.Hour})
	require.NoError(t, err)
	pages, err := pages()
	require.NoError(t, err)
	w := &World{Sessions: sessions, T: t, Store: store, Account: accounts, Hasher: hasher, Client: storagetest.Client(t, store), DB: db, SQL: db.SQL(t)}
	cfg := login.Config{
		Account: login.Account{
			SignIn: accounts.SignIn, Enrol: accounts.Enrol, Recovery: accounts.Recovery, Arrive: accounts.Arrive, Self: accounts.Self,
			Passwords: accounts.Rules.Passwords,
		},
		Sessions: sessions, Pages: pages, Log: quiet, Sections: self.Sections(), Issuer: "Example", OfferRemember: true,
		Provider: login.Provider{
			Flows: store.Flows, Frames: framesOf, ContinueURL: Origin + "/oauth2/auth",
			Describe: func(context.Context, storage.Flow) (login.Request, error) {
				return login.Request{App: harbourNotes, RedirectURI: "https://notes.example.com/cb"}, nil
			},
			App: func(_ context.Context, client string) (templates.App, error) {
				if client != w.Client.ID {
					return templates.App{}, storage.ErrNotFound
				}
				return harbourNotes, nil
			},
			Over: func(c *gin.Context) error { return pages.Render(c, http.StatusGone, templates.Expired{}) },
		},
	}
	w.cfg = cfg
	router := gin.New()
	require.NoError(t, router.SetTrustedProxies(nil))
	router.NoRoute(pages.NotFound)
	w.MountAt(t, router, "")
	router.GET("/begin", func(c *gin.Context) { // as the provider does it
		flow := storage.Flow{
			ID: storage.NewID(), BrowserHash: sessions.Browser(c.Writer, c.Request), ClientID: w.Client.ID,
			CreatedAt: storage.At(time.Now()), ExpiresAt: storage.At(time.Now().Add(10 * time.Minute)),
		}
		require.NoError(t, store.Flows.Add(c.Request.Context(), flow))
		sessions.RememberRequest(c.Writer, c.Request, flow.ID, flow.ClientID)
		c.Redirect(http.StatusSeeOther, "/login?flow="+flow.ID)
	})
	router.GET("/oauth2/auth", func(c *gin.Context) {
		signIn, err := sessions.Current(c.Request, "")
		if err != nil {
			c.String(http.StatusOK, "nobody: %v", err)
			return
		}
		c.String(http.StatusOK, "signed in as %s by %s", signIn.User().Email, strings.Join(signIn.Methods(), " "))
	})
	router.GET("/state", func(c *gin.Context) {
		_, err := sessions.Current(c.Request, "")
		c.String(http.StatusOK, "%s", sessions.State(c.Writer, c.Request, err == nil))
	})
	w.Handler = router
	return w
}

// MountAt adds the sign-in pages and the account pages for an issuer with that path.
func (w *World) MountAt(t *testing.T, r gin.IRouter, basePath string) {
	t.Helper()
	cfg := w.cfg
	cfg.BasePath = basePath
	signIn, err := login.New(cfg)
	require.NoError(t, err)
	consents, err := consent.New(consent.Config{
		Store: w.Store, Audit: audit.New(w.Store), Visitor: w.Sessions, Pages: cfg.Pages, Log: cfg.Log,
		Provider: consent.Provider{
			Describe: func(context.Context, storage.Flow) (consent.Request, error) {
				return consent.Request{App: harbourNotes}, nil
			},
			Client: func(_ context.Context, id string) (consent.App, error) {
				app := templates.App{Name: harbourNotes.Name, Logo: "https://notes.example.com/logo.png"}
				return consent.App{App: app, Unasked: id == w.Unasked}, nil
			},
			Over: cfg.Provider.Over, Words: scope.Words, ContinueURL: cfg.Provider.ContinueURL,
		},
	})
	require.NoError(t, err)
	account, err := self.New(self.Config{
		Account: w.Account.Self, Arrive: w.Account.Arrive, Passwords: w.Account.Rules.Passwords, Sessions: w.Sessions, Pages: cfg.Pages, Log: cfg.Log, Apps: consents.Apps, Withdraw: consents.Withdraw,
		StartAgain: signIn.StartAgain, BasePath: basePath,
	})
	require.NoError(t, err)
	signIn.Mount(r)
	account.Mount(r)
}

var harbourNotes = templates.App{Name: "Harbour Notes", BackURL: "https://notes.example.com/", StartURL: "https://notes.example.com/login"}

// framesOf returns a front-channel logout URI for every app.
func framesOf(_ context.Context, left []storage.ClientSession) (frames []templates.Frame, err error) {
	for _, visit := range left {
		frames = append(frames, templates.Frame{App: "Harbour Notes", URL: "https://notes.example.com/bye?sid=" + visit.SID})
	}
	return frames, nil
}
