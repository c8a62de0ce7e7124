package logout

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Config is what [Endpoints] needs. Every field is required.
type Config struct {
	Issuer  string
	Clients *client.Registry
	Tokens  *token.Issuer
	SignIns SignIns
	Page    *page.Pages
	Pages   *templates.Pages
}

// SignIns tells who is signed in, and ends sign-ins.
type SignIns interface {
	// Current returns the complete sign-in of the request's browser with what its user has granted to the client. Errors: [storage.ErrNotFound] if
	// nobody is signed in with both factors.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// State returns the state of the browser that scripts can read, which changes with the sign-in. signedIn says whether Current has found a
	// sign-in.
	State(w http.ResponseWriter, r *http.Request, signedIn bool) string
	// End ends the sign-in of the request's browser, if there is one, with the grants that depend on it. It returns the client sessions
	// of the session that has ended.
	End(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]storage.ClientSession, error)
}

// Endpoints are the end session endpoint and the check session frame.
type Endpoints struct{ cfg Config }

// New returns the endpoints with this configuration.
func New(cfg Config) *Endpoints { return &Endpoints{cfg: cfg} }

// Mount adds the endpoints to r, a group at the issuer's path.
func (e *Endpoints) Mount(r gin.IRouter) {
	r.GET(oauth.LogoutPath, e.cfg.Page.Handle(e.logout))
	r.POST(oauth.LogoutPath, e.cfg.Page.Handle(e.logout))
	r.GET(oauth.CheckSessionPath, e.cfg.Page.Handle(e.cfg.Pages.SessionFrame))
}

// request is a client's request to sign a person out (OIDC RP-Initiated Logout section 2) after validation.
type request struct {
	form      url.Values
	client    *client.Client // nil if the request names no client
	hint      token.Hint
	hintValid bool   // there is a hint, from a genuine ID token
	returnURI string // registered URI to which the browser returns; empty if it stays here
	confirmed bool   // the person has agreed on our page
}

// logout is the end session endpoint. Clients send browsers here, and the page that asks whether to sign out posts to it.
func (e *Endpoints) logout(c *gin.Context) error {
	form, err := oauth.QueryAndForm(c.Writer, c.Request)
	if err != nil {
		return err
	}
	confirmed := c.Request.Method == http.MethodPost && form.Get("confirm") == "yes"
	form.Del("confirm")
	if confirmed && http.NewCrossOriginProtection().Check(c.Request) != nil {
		view := templates.ErrorPage{Status: http.StatusForbidden, Title: templates.T("error.cross_title"), Message: templates.T("error.cross")}
		return e.cfg.Pages.Render(c, view.Status, view)
	}
	if c.Request.Method == http.MethodPost && !confirmed {
		return page.ToOwnURL(c, e.cfg.Issuer+oauth.LogoutPath, form)
	}
	templates.ForLocales(c, oauth.Clip(form.Get("ui_locales"), 256))
	r, err := e.readRequest(c.Request.Context(), form, time.Now())
	if err != nil {
		return err
	}
	r.confirmed = confirmed
	return e.signOut(c, r)
}

// readRequest finds the client and the URI to which the browser returns. An ID token that is not genuine is ignored.
func (e *Endpoints) readRequest(ctx context.Context, form url.Values, now time.Time) (*request, error) {
	r := &request{form: form}
	r.hint, r.hintValid = e.cfg.Tokens.ReadHint(form.Get("id_token_hint"), now)
	id := form.Get("client_id")
	switch {
	case r.hintValid && id != "" && id != r.hint.Audience:
		return nil, oauth.Refuse(oauth.HintOfAnotherClient)
	case r.hintValid:
		id = r.hint.Audience
	case id == "":
		return r, nil
	}
	var err error
	if r.client, err = e.cfg.Page.ClientOf(ctx, id); err != nil {
		return nil, err
	}
	uri := form.Get("post_logout_redirect_uri")
	if uri == "" {
		return r, nil
	}
	if !slices.Contains(r.client.PostLogoutRedirectURIs, uri) {
		return nil, &page.Error{
			Refusal: oauth.Refuse(oauth.LogoutURIUnregistered).CompareURI(uri, r.client.PostLogoutRedirectURIs...),
			Title:   templates.T("error.return_title"), Message: templates.T("error.return", "App", r.client.Name), Received: uri,
		}
	}
	r.returnURI = uri
	return r, nil
}

// signOut ends the sign-in of the browser at once if the request's ID token was issued in it. Otherwise it asks the person first, because
// anybody can make a link to this endpoint.
func (e *Endpoints) signOut(c *gin.Context, r *request) error {
	signIn, err := e.cfg.SignIns.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		// No person was asked, and the ID token may be another person's.
		if next := r.returnURL(); next != "" && !r.confirmed && !r.client.Vouched() {
			return e.cfg.Page.Leave(c, r.client, next, nil)
		}
		return e.finish(c, r)
	}
	if err != nil {
		return err
	}
	if r.confirmed || e.issuedIn(signIn, r) {
		return e.endSignIn(c, r)
	}
	user, view := signIn.User(), e.pageOf(r)
	if r.returnURI != "" {
		view.FormTargets = []string{r.returnURI}
	}
	name, _ := user.Claims["name"].(string)
	return e.cfg.Pages.Render(c, http.StatusOK, templates.SignOut{Page: view, Person: templates.Person{Name: name, Email: user.Email}})
}

// issuedIn reports whether the ID token of the request was issued in the sign-in.
func (e *Endpoints) issuedIn(s storage.SignIn, r *request) bool {
	return r.hintValid && r.hint.SID == e.cfg.Tokens.SID(r.client, s.ID()) && r.hint.Subject == e.cfg.Tokens.Subject(r.client, s.User().ID)
}

// endSignIn ends the sign-in of the browser. If clients are to be notified in the browser, it shows the page that does so before the browser
// goes on.
func (e *Endpoints) endSignIn(c *gin.Context, r *request) error {
	ctx := c.Request.Context()
	sessions, err := e.cfg.SignIns.End(ctx, c.Writer, c.Request)
	if err != nil {
		return err
	}
	frames, err := e.Frames(ctx, sessions)
	if err != nil {
		return err
	}
	if len(frames) == 0 {
		return e.finish(c, r)
	}
	next := r.returnURL()
	if next == "" {
		next = e.cfg.Issuer + oauth.LogoutPath + r.signedOutQuery()
	}
	return e.cfg.Pages.SigningOut(c, templates.SigningOut{Page: e.pageOf(r), Frames: frames, NextURL: next})
}

// finish returns the browser to the client, or says that nobody is signed in.
func (e *Endpoints) finish(c *gin.Context, r *request) error {
	next := r.returnURL()
	if next == "" {
		return e.cfg.Pages.Render(c, http.StatusOK, templates.SignedOut{Page: e.pageOf(r)})
	}
	oauth.NoStore(c)
	c.Header("Referrer-Policy", "no-referrer")
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// pageOf returns what pages show of the request's client.
func (e *Endpoints) pageOf(r *request) templates.Page {
	if r.client == nil {
		return templates.Page{}
	}
	return templates.Page{App: e.cfg.Page.AppOf(r.client)}
}

// returnURL returns the URL to which the browser returns, with the state of the request; empty if it stays here. The browser returns only if the
// request has a genuine ID token, which only the client has, or the person has agreed: otherwise anybody who knows a client's ID could make this
// server redirect to its URIs.
func (r *request) returnURL() string {
	switch {
	case r.returnURI == "" || !r.hintValid && !r.confirmed:
		return ""
	case !r.form.Has("state"):
		return r.returnURI
	}
	return oauth.WithQuery(r.returnURI, url.Values{"state": {r.form.Get("state")}})
}

// signedOutQuery returns the query of a URL of this endpoint whose page says, in the same language, that nobody is signed in.
func (r *request) signedOutQuery() string {
	kept := url.Values{}
	if r.client != nil {
		kept.Set("client_id", r.client.ID)
	}
	if locales := oauth.Clip(r.form.Get("ui_locales"), 256); locales != "" {
		kept.Set("ui_locales", locales)
	}
	if len(kept) == 0 {
		return ""
	}
	return "?" + kept.Encode()
}
