package authorize

import (
	"context"
	"net/url"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// RequestView holds what the pages of a flow show of its request.
type RequestView struct {
	ClientID    string
	App         templates.App
	RedirectURI string // where the answer will go, for the Content-Security-Policy of forms
	Asked       storage.Access
	LoginHint   string
	Locales     string // ui_locales of OIDC Core section 3.1.2.1
	Native      bool   // the client cannot prove its identity
	// Answers reports whether a sign-in, which may come from another tab, is good enough for the request, so that nobody has to sign in again. It is
	// always false for a request that asks for a fresh sign-in.
	Answers func(signIn storage.SignIn, now time.Time) bool
}

// Describe returns what the pages of a flow show of its request. Errors: [storage.ErrNotFound] if the client is gone; [storage.ErrUnavailable].
func (e *Endpoint) Describe(ctx context.Context, flow storage.Flow) (RequestView, error) {
	form, err := url.ParseQuery(flow.Request)
	if err != nil {
		return RequestView{}, err
	}
	c, err := e.cfg.Clients.Client(ctx, flow.ClientID)
	if err != nil {
		return RequestView{}, err
	}
	claims, err := readClaims(form.Get("claims"))
	if err != nil {
		return RequestView{}, err // it was valid when the request was frozen
	}
	var asked storage.Access // empty when the client has lost every scope: the request will be refused
	if scopes, err := scope.Read(form.Get("scope"), c); err == nil {
		types, _ := oauth.ReadResponseTypes(form.Get("response_type"))
		asked = scope.Ask(scopes, claims, c, types.Code || types.Token || form.Has(page.DeviceField)).Access()
	}
	return RequestView{
		ClientID: c.ID, App: e.cfg.Page.AppOf(c), RedirectURI: form.Get("redirect_uri"), Asked: asked, LoginHint: oauth.Clip(form.Get("login_hint"), 256),
		Locales: oauth.Clip(form.Get("ui_locales"), 256),
		Native:  c.Type == client.Native,
		Answers: func(s storage.SignIn, now time.Time) bool { return e.answers(c, form, s, now) },
	}, nil
}

// answers reports whether a frozen request would need no sign-in if it came now, in a browser with that sign-in. It reports true for a request that
// is no longer valid, so that the endpoint can tell the app.
func (e *Endpoint) answers(c *client.Client, form url.Values, s storage.SignIn, now time.Time) bool {
	if form.Has(page.DeviceField) {
		maxAge, err := decision.ReadMaxAge("", c)
		return err != nil || decision.Decide(decision.Request{MaxAge: maxAge, SignedIn: true, AuthTime: s.Time()}, now).Action != decision.SignIn
	}
	a, err := newRequest(c, form)
	if err == nil {
		err = e.validate(a, now)
	}
	return err != nil || decision.Decide(e.factsOf(a, storage.Flow{}, s, true), now).Action != decision.SignIn
}
