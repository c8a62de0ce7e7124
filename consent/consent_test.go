package consent_test

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/consent"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
	"github.com/postern-id/postern/templates"
)

// visitor is a person at a browser. Without a session, nobody is signed in.
type visitor struct {
	store   *storage.Store
	session []byte
	browser string
}

func (v *visitor) Current(r *http.Request, clientID string) (storage.SignIn, error) {
	if v.session == nil {
		return storage.SignIn{}, storage.ErrNotFound
	}
	return v.store.Sessions.SignIn(r.Context(), v.session, clientID, storagetest.Now)
}

func (v *visitor) Browser(http.ResponseWriter, *http.Request) []byte { return storage.Hash(v.browser) }

// world is the page, a request in progress, and the person who is asked.
type world struct {
	t       *testing.T
	store   *storage.Store
	handler http.Handler
	visitor *visitor
	user    storage.User
	client  storage.Client
	flow    string
	request consent.Request
	gone    error // the error of Describe
	// requests are the requests of individual flows, which take precedence over request.
	requests map[string]consent.Request
	page     *consent.Consent
	unasked  string // id of a client that belongs to the operator
	removed  string // id of a client that is just being removed
}

func each(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) { body(t, newWorld(t, db)) })
}

// pages are read only once, because that takes longer than most tests.
var pages = sync.OnceValues(func() (*templates.Pages, error) { return templates.New(templates.Config{}) })

func newWorld(t *testing.T, db *storagetest.Database, interceptors ...storagetest.Interceptor) *world {
	gin.SetMode(gin.TestMode)
	store := db.Open(t, interceptors...)
	w := &world{t: t, store: store, user: storagetest.User(t, store), client: storagetest.Client(t, store)}
	w.visitor = &visitor{store: store, session: storagetest.SignIn(t, store, w.user), browser: "hers"}
	w.request = consent.Request{
		App: templates.App{Name: "Harbour Notes"}, Asked: storage.Access{Scopes: []string{"openid", "email"}}, RedirectURI: "https://notes.example.com/cb",
	}
	pages, err := pages()
	require.NoError(t, err)
	page, err := consent.New(consent.Config{
		Store: store, Audit: audit.New(store), Visitor: w.visitor, Pages: pages, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Provider: consent.Provider{
			Describe: func(_ context.Context, flow storage.Flow) (consent.Request, error) {
				if request, ok := w.requests[flow.ID]; ok {
					return request, nil
				}
				return w.request, w.gone
			},
			Client: func(_ context.Context, id string) (consent.App, error) {
				if id == w.removed {
					return consent.App{}, storage.ErrNotFound
				}
				return consent.App{App: templates.App{Name: "Harbour Notes", Logo: "https://notes.example.com/logo.png"}, Unasked: id == w.unasked}, nil
			},
			Words:       scope.Words,
			Over:        func(c *gin.Context) error { return pages.Render(c, http.StatusGone, templates.Expired{}) },
			ContinueURL: "https://id.example.test/oauth2/auth",
		},
	})
	require.NoError(t, err)
	router := gin.New()
	page.Mount(router)
	w.page, w.handler = page, router
	w.begin()
	return w
}

// begin stores a new authorization request.
func (w *world) begin() {
	w.flow = storage.NewID()
	require.NoError(w.t, w.store.Flows.Add(w.t.Context(), storage.Flow{
		ID: w.flow, BrowserHash: storage.Hash("hers"), ClientID: w.client.ID,
		CreatedAt: storage.At(time.Now()), ExpiresAt: storage.At(time.Now().Add(10 * time.Minute)),
	}))
}

func (w *world) get() *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/consent?flow="+w.flow, nil)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

func (w *world) post(body string) *httptest.ResponseRecorder {
	return w.send("/consent?flow="+w.flow, body)
}

func (w *world) send(path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

var formAction = regexp.MustCompile(`<form method="post"[^>]* action="([^"]*)"`)

// form returns the URL to which the form of a page is sent.
func (w *world) form(page *httptest.ResponseRecorder) string {
	w.t.Helper()
	found := formAction.FindStringSubmatch(page.Body.String())
	require.Len(w.t, found, 2, page.Body)
	return html.UnescapeString(found[1])
}

// answer opens the page and presses one of its buttons.
func (w *world) answer(decision string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(w.form(w.get()), "decision="+decision)
}

// goesOn asserts that the browser is sent back to the request in progress.
func (w *world) goesOn(answer *httptest.ResponseRecorder) {
	w.t.Helper()
	require.Equal(w.t, http.StatusSeeOther, answer.Code, answer.Body)
	require.Equal(w.t, "https://id.example.test/oauth2/auth?"+url.Values{"flow": {w.flow}}.Encode(), answer.Header().Get("Location"))
}

func (w *world) stored() storage.Flow {
	w.t.Helper()
	flow, err := w.store.Flows.ByID(w.t.Context(), w.flow, storage.Hash("hers"), time.Now())
	require.NoError(w.t, err)
	return flow
}

func (w *world) granted() []string {
	w.t.Helper()
	consents, err := w.store.Consents.OfUser(w.t.Context(), w.user.ID)
	require.NoError(w.t, err)
	if len(consents) == 0 {
		return nil
	}
	return consents[0].Scopes
}

func (w *world) events(name audit.Name) int {
	w.t.Helper()
	events, err := w.store.Events.List(w.t.Context(), storage.EventQuery{UserID: w.user.ID, Limit: 100})
	require.NoError(w.t, err)
	count := 0
	for _, e := range events {
		if e.Name == string(name) {
			count++
		}
	}
	return count
}

func TestPageSaysWhoAsksForWhat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		answer := w.get()
		require.Equal(t, http.StatusOK, answer.Code)
		for _, shown := range []string{
			"Harbour Notes", "Ada Example", w.user.Email, "See your e-mail address", "notes.example.com", `name="decision" value="allow"`,
			`name="decision" value="deny"`, "/login?flow=" + w.flow,
		} {
			require.Contains(t, answer.Body.String(), shown)
		}
		require.Contains(t, answer.Header().Get("Content-Security-Policy"), "form-action 'self' https://notes.example.com")
		require.Nil(t, w.granted(), "opening the page grants nothing")
	})
}

func TestHostIsShownOfWebAppsOnly(t *testing.T) {
	w := newWorld(t, storagetest.SQLite(t))
	for redirectURI, shown := range map[string]bool{
		"https://notes.example.com/cb": true, "http://127.0.0.1:8000/cb": false, "http://[::1]/cb": false, "http://localhost/cb": false,
		"com.example.notes:/cb": false,
	} {
		w.request.RedirectURI = redirectURI
		require.Equal(t, shown, strings.Contains(w.get().Body.String(), "You will be sent to"), redirectURI)
	}
}

func TestAllow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.goesOn(w.answer("allow"))
		require.Equal(t, []string{"email", "openid"}, w.granted())
		flow := w.stored()
		require.Equal(t, w.user.ID, flow.ConsentedBy)
		require.False(t, flow.ConsentedAt.IsZero())
		require.Equal(t, 1, w.events(audit.ConsentGiven))

		w.begin()
		w.request.Asked = storage.Access{Scopes: []string{"openid", "profile"}, Claims: []string{"birthdate"}}
		w.goesOn(w.answer("allow"))
		require.Equal(t, []string{"email", "openid", "profile"}, w.granted(), "what was granted before stays")
	})
}

func TestDeny(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form := w.form(w.get())
		w.goesOn(w.answer("deny"))
		require.Nil(t, w.granted())
		require.False(t, w.stored().DeniedAt.IsZero())
		require.Equal(t, 1, w.events(audit.ConsentDenied))

		w.goesOn(w.get())
		require.Equal(t, http.StatusGone, w.send(form, "decision=allow").Code, "a refused request is not granted afterwards")
		require.Nil(t, w.granted())
	})
}

func TestNoDecision(t *testing.T) {
	w := newWorld(t, storagetest.SQLite(t))
	for _, body := range []string{"", "decision=", "decision=yes"} {
		answer := w.post(body)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Code, body)
		require.Contains(t, answer.Body.String(), "Please choose one of the two buttons.")
	}
	for body, status := range map[string]int{
		"decision=deny&decision=allow":           http.StatusBadRequest,
		"decision=%f":                            http.StatusBadRequest,
		"decision=" + strings.Repeat("a", 1<<15): http.StatusRequestEntityTooLarge,
	} {
		require.Equal(t, status, w.post(body).Code)
	}
	r := httptest.NewRequest(http.MethodPost, "/consent?flow="+w.flow, strings.NewReader(`{"decision":"allow"}`))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	require.Equal(t, http.StatusUnsupportedMediaType, answer.Code)
	require.Nil(t, w.granted())
}

func TestNobodyIsSignedIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.visitor.session = storagetest.HalfSignIn(t, w.store, w.user).TokenHash
		w.goesOn(w.get())
		w.goesOn(w.post("decision=allow"))
		w.visitor.session = nil
		w.goesOn(w.get())
		w.goesOn(w.post("decision=allow"))
		require.Nil(t, w.granted())
		require.True(t, w.stored().ConsentedAt.IsZero())
	})
}

func TestFlowOfAnotherBrowserOrNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.visitor.browser = "another"
		require.Equal(t, http.StatusGone, w.get().Code)
		require.Equal(t, http.StatusGone, w.post("decision=allow").Code)
		w.visitor.browser = "hers"
		for _, flow := range []string{"", "nonsense", storage.NewID()} {
			w.flow = flow
			require.Equal(t, http.StatusGone, w.get().Code)
			require.Equal(t, http.StatusGone, w.post("decision=allow").Code)
		}
		require.Nil(t, w.granted())
	})
}

func TestNewRefusesHalfAConfig(t *testing.T) {
	_, err := consent.New(consent.Config{})
	require.Error(t, err)
}
