package login_test

import (
	"context"
	"database/sql"
	"encoding/base32"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login"
	"github.com/postern-id/postern/login/account"
	cookies "github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
	"github.com/postern-id/postern/templates"
)

// world is the pages on a database, and the end of the road: an address that says who is signed in.
type world struct {
	sessions *cookies.Sessions
	t        *testing.T
	store    *storage.Store
	account  *account.Service
	hasher   *password.Hasher
	handler  http.Handler
	client   storage.Client
	db       *storagetest.Database
	sql      *sql.DB
	cfg      login.Config
}

// Templates are read once: that takes longer than most tests.
var (
	pages = sync.OnceValues(func() (*templates.Pages, error) {
		return templates.New(templates.Config{Secure: true, Brand: templates.Brand{Name: "Example"}})
	})
	words = sync.OnceValues(func() (*templates.Mails, error) {
		return templates.NewMails(templates.MailConfig{Brand: templates.Brand{Name: "Example"}, AccountURL: origin + "/account"})
	})
)

// inWorld runs body with its own time and a fresh SQLite database.
func inWorld(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		body(t, newWorld(t, storagetest.SQLite(t)))
	})
}

func newWorld(t *testing.T, db *storagetest.Database, interceptors ...storagetest.Interceptor) *world {
	t.Helper()
	return newWorldAs(t, db, account.RegistrationOpen, interceptors...)
}

func newWorldAs(t *testing.T, db *storagetest.Database, registration account.Registration, interceptors ...storagetest.Interceptor) *world {
	t.Helper()
	return newWorldWith(t, db, func(c *account.Config) { c.Registration = registration }, interceptors...)
}

func newWorldWith(t *testing.T, db *storagetest.Database, change func(*account.Config), interceptors ...storagetest.Interceptor) *world {
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
	notices, err := mail.New(mail.Config{Store: store, Words: words})
	require.NoError(t, err)
	accountConfig := account.Config{
		Store: store, Audit: log, Passwords: hasher, Throttle: guard, Notices: notices, Log: quiet,
		Issuer: "Example", SiteURL: origin, Lifetimes: account.Lifetimes{Remember: 30 * 24 * time.Hour},
	}
	change(&accountConfig)
	service, err := account.New(accountConfig)
	require.NoError(t, err)
	sessions, err := cookies.New(cookies.Config{Store: store, Audit: log, Secure: true, Remember: 30 * 24 * time.Hour})
	require.NoError(t, err)
	pages, err := pages()
	require.NoError(t, err)
	w := &world{sessions: sessions, t: t, store: store, account: service, hasher: hasher, client: storagetest.Client(t, store), db: db, sql: db.SQL(t)}
	cfg := login.Config{
		Account: service, Sessions: sessions, Pages: pages, Flows: store, Log: quiet, ContinueURL: origin + "/oauth2/auth", Issuer: "Example",
		OfferRemember: true, Frames: framesOf, Describe: func(context.Context, storage.Flow) (login.Request, error) {
			return login.Request{App: harbourNotes, RedirectURI: "https://notes.example.com/cb"}, nil
		},
		App: func(_ context.Context, client string) (templates.App, error) {
			if client != w.client.ID {
				return templates.App{}, storage.ErrNotFound
			}
			return harbourNotes, nil
		},
		Over: func(c *gin.Context) error { return pages.Render(c, http.StatusGone, templates.Expired{}) },
	}
	w.cfg = cfg
	end := w.loginAt(t, "")
	router := gin.New()
	require.NoError(t, router.SetTrustedProxies(nil))
	router.NoRoute(pages.NotFound)
	end.Mount(router)
	router.GET("/begin", func(c *gin.Context) { // as the provider does it
		flow := storage.Flow{
			ID: storage.NewID(), BrowserHash: sessions.Browser(c.Writer, c.Request), ClientID: w.client.ID,
			CreatedAt: storage.At(time.Now()), ExpiresAt: storage.At(time.Now().Add(10 * time.Minute)),
		}
		require.NoError(t, store.SaveFlow(c.Request.Context(), flow))
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
	w.handler = router
	return w
}

// loginAt returns the pages of an issuer with that path.
func (w *world) loginAt(t *testing.T, basePath string) *login.Login {
	t.Helper()
	cfg := w.cfg
	cfg.BasePath = basePath
	pages, err := login.New(cfg)
	require.NoError(t, err)
	return pages
}

var harbourNotes = templates.App{Name: "Harbour Notes", BackURL: "https://notes.example.com/", StartURL: "https://notes.example.com/login"}

// framesOf has a frame for every app.
func framesOf(_ context.Context, left []storage.Visit) (frames []templates.Frame, err error) {
	for _, visit := range left {
		frames = append(frames, templates.Frame{App: "Harbour Notes", URL: "https://notes.example.com/bye?sid=" + visit.SID})
	}
	return frames, nil
}

const (
	ada         = "ada@example.test"
	adaPassword = "violet anchors drift north"
)

// invite adds a user and returns the invitation link.
func (w *world) invite(email string) string {
	w.t.Helper()
	_, invitation, err := w.account.Add(w.t.Context(), account.NewUser{Email: email, Name: "Ada Example"}, account.Operator{}, time.Now())
	require.NoError(w.t, err)
	return strings.TrimPrefix(invitation.URL, origin)
}

// phone is an authenticator app.
type phone struct{ key otp.Key }

func (p phone) code() string { return p.codeAt(time.Now()) }

func (p phone) codeAt(at time.Time) string {
	code, err := p.key.CodeAt(at)
	if err != nil {
		panic(err)
	}
	return code
}

var keyGroup = regexp.MustCompile(`<code class="key" id="key">(.*?)</code>`)

// scan reads the key off the enrolment page.
func (w *world) scan(p page) phone {
	w.t.Helper()
	shown := keyGroup.FindStringSubmatch(p.body)
	require.NotNil(w.t, shown, "no key on the page:\n%s", p.text())
	text := regexp.MustCompile(`[^A-Z2-7]`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(shown[1], ""), "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	require.NoError(w.t, err)
	return phone{otp.Key{Secret: secret, Parameters: otp.Default()}}
}

var recoveryCode = regexp.MustCompile(`<li><code>([^<]+)</code></li>`)

func recoveryCodes(p page) []string {
	var codes []string
	for _, found := range recoveryCode.FindAllStringSubmatch(p.body, -1) {
		codes = append(codes, found[1])
	}
	return codes
}

// enrolled adds a user, who sets everything up in a browser of their own, and lets the confirming code pass.
func (w *world) enrolled(email string) (phone, []string) {
	w.t.Helper()
	b := newBrowser(w.t, w.handler)
	p := b.submit(b.open(w.invite(email)), "new_password", adaPassword)
	phone := w.scan(p)
	codes := b.submit(p, "code", phone.code())
	require.Equal(w.t, http.StatusOK, b.submit(codes, "saved", "yes").status)
	return phone, recoveryCodes(codes)
}
