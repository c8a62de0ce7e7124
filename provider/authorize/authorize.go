package authorize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what an [Endpoint] needs. Every field is required.
type Config struct {
	Issuer     string
	SignInURL  string // of the page that asks for the password
	ConsentURL string // of the page that asks for consent

	Store     *storage.Store
	Grants    Grants // [storage.Grants], or a wrapper in tests
	Audit     *audit.Log
	Clients   *client.Registry
	Auth      *clientauth.Authenticator
	Tokens    *token.Issuer
	Proofs    *token.Proofs
	Engine    *engine.Engine
	Endpoints *oauth.Endpoints
	Page      *page.Pages
	Fetch     *fetch.Client // for request objects
	SignIns   SignIns
	Limits    Limits
	Log       *slog.Logger

	// SessionState returns the session_state of an answer (OIDC Session Management section 3). It is empty for a client whose pages have no web
	// origin.
	SessionState func(c *gin.Context, clientID, redirectURI string, signedIn bool) string

	FlowLife        time.Duration // lifetime of a request in progress
	CodeLife        time.Duration
	AccessTokenLife time.Duration
}

// SignIns tells who is signed in. It is the only way in which this package learns of a person.
type SignIns interface {
	// Current returns the complete sign-in of the request's browser with what its user has granted to the client. Errors: [storage.ErrNotFound] if
	// nobody is signed in with both factors.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// Browser returns the hash of the cookie that tells browsers apart before anybody is signed in, setting it if missing.
	Browser(w http.ResponseWriter, r *http.Request) []byte
	// RememberRequest stores in the browser which client a flow belongs to.
	RememberRequest(w http.ResponseWriter, r *http.Request, flow, client string)
	// TrustedBrowser returns the ID of a browser in which a person has completed a sign-in before, even if nobody is signed in now; empty for any
	// other browser.
	TrustedBrowser(r *http.Request) string
}

// Grants is the part of [storage.Grants] that an [Endpoint] uses.
type Grants interface {
	// Issue stores a grant with its code and records the event. Errors: [storage.ErrStale] if the consent or the session of the grant has ended;
	// [storage.ErrNotFound] if the client or the user is gone.
	Issue(ctx context.Context, g storage.Grant, event string) error
}

// Endpoint is the authorization endpoint and the pushed authorization request endpoint.
type Endpoint struct {
	cfg     Config
	objects *objects
}

// New returns the endpoints with this configuration.
func New(cfg Config) *Endpoint { return &Endpoint{cfg: cfg, objects: newObjects(cfg.Fetch)} }

// Mount adds the endpoints to r, a group at the issuer's path.
func (e *Endpoint) Mount(r gin.IRouter) {
	r.GET(oauth.AuthorizePath, e.cfg.Page.Handle(e.authorize))
	r.POST(oauth.AuthorizePath, e.cfg.Page.Handle(e.authorize))
	e.cfg.Endpoints.Post(r, oauth.PushPath, e.push)
}

// authorize is the authorization endpoint (RFC 6749 section 3.1, OIDC Core section 3.1.2). A browser comes with the request of a client, and again,
// with the ID of the frozen request, after each page.
func (e *Endpoint) authorize(c *gin.Context) error {
	now := time.Now()
	if c.Request.Method == http.MethodPost && http.NewCrossOriginProtection().Check(c.Request) != nil {
		return e.comeBack(c)
	}
	form, fault := oauth.QueryAndForm(c.Writer, c.Request)
	if id := form.Get("flow"); id != "" && !form.Has("client_id") {
		return e.resume(c, id, now)
	}
	a, objectFault, err := e.enter(c, form, now)
	if mistake := new(page.Error); fault != nil && errors.As(err, &mistake) {
		return fault // it may be why the client or the redirect URI is missing
	}
	if err != nil {
		return err
	}
	if fault = cmp.Or(fault, objectFault); fault == nil {
		fault = e.validate(a, now)
	}
	return e.proceed(c, a, storage.Flow{}, fault, now)
}

// enter finds the client, the whole request and the redirect URI. It returns a fault of a pushed request or of a request object together with the
// request, so that the client can be told.
func (e *Endpoint) enter(c *gin.Context, form url.Values, now time.Time) (a *request, fault, err error) {
	found, err := e.cfg.Page.ClientOf(c.Request.Context(), form.Get("client_id"))
	if err != nil {
		return nil, nil, err
	}
	form, fault = e.expand(c, found, form, now)
	if form == nil {
		return nil, nil, fault
	}
	a, err = newRequest(found, form)
	if refusal := new(oauth.Refusal); err != nil && errors.As(fault, &refusal) && refusal.Code == oauth.InvalidRequestURI {
		return nil, nil, fault // the redirect URI may be in the missing request
	}
	return a, fault, err
}

// resume continues a frozen request. It reads the client and validates the request again, because the client may have changed.
func (e *Endpoint) resume(c *gin.Context, id string, now time.Time) error {
	ctx := c.Request.Context()
	flow, err := e.cfg.Store.Flows.ByID(ctx, id, e.cfg.SignIns.Browser(c.Writer, c.Request), now)
	if errors.Is(err, storage.ErrNotFound) {
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(flow.Request)
	if err != nil {
		return fmt.Errorf("read flow %s: %w", flow.ID, err)
	}
	if form.Has(page.DeviceField) {
		return page.ToFlow(c, e.cfg.Issuer+page.DevicePath, flow.ID)
	}
	found, err := e.cfg.Page.ClientOf(ctx, form.Get("client_id"))
	if err != nil {
		return err
	}
	a, err := newRequest(found, form)
	if err != nil {
		return err
	}
	return e.proceed(c, a, flow, e.validate(a, now), now)
}

// proceed takes the next step of a request whose client and redirect URI are certain.
func (e *Endpoint) proceed(c *gin.Context, a *request, flow storage.Flow, fault error, now time.Time) error {
	ctx := c.Request.Context()
	a.shown = flow.ID != ""
	if fault != nil {
		return e.respondError(c, a, fault)
	}
	signIn, err := e.cfg.SignIns.Current(c.Request, a.client.ID)
	signedIn := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return e.respondError(c, a, err)
	}
	a.sessionState = e.sessionState(c, a, signedIn)
	facts := e.factsOf(a, flow, signIn, signedIn)
	next := decision.Decide(facts, now)
	e.cfg.Log.DebugContext(ctx, "authorize", "client", a.client.ID, "reason", next.Reason)
	switch {
	case next.Action == decision.Deny:
		return e.deny(c, a, flow)
	case next.Action == decision.SignIn && a.prompt.None:
		return e.respondError(c, a, oauth.Refuse(oauth.NotSignedIn))
	case next.Action == decision.Consent && a.prompt.None:
		return e.respondError(c, a, oauth.Refuse(oauth.NotAgreed))
	case next.Action == decision.Issue:
		return e.issue(c, a, flow, signIn, now)
	}
	if flow, err = e.freeze(c, a, flow, facts.User, now); err != nil {
		return err
	}
	if next.Action == decision.SignIn {
		return page.ToFlow(c, e.cfg.SignInURL, flow.ID)
	}
	return page.SeeOther(c, page.QuestionURL(e.cfg.Store, e.cfg.ConsentURL, flow, facts.Asked, signIn))
}

// factsOf returns the facts from which the next step of a request is decided.
func (e *Endpoint) factsOf(a *request, flow storage.Flow, s storage.SignIn, signedIn bool) decision.Request {
	return decision.Request{
		Prompt: a.prompt, MaxAge: a.maxAge, Hint: a.hint, Asked: a.asked().Access(),
		SkipAsk: a.client.Consent == client.ConsentSkip, Unproven: a.client.Type == client.Native,
		StartedAt: flow.CreatedAt.Time, Denied: !flow.DeniedAt.IsZero(), ConsentedBy: flow.ConsentedBy,
		SignedIn: signedIn, User: s.User().ID, Subject: e.cfg.Tokens.Subject(a.client, s.User().ID), AuthTime: s.Time(), Granted: s.Consent().Access,
	}
}
