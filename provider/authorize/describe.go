package authorize

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// RequestView is what the pages of a flow show of its request.
type RequestView struct {
	ClientID    string
	App         templates.App
	RedirectURI string // where the answer will go, for the Content-Security-Policy of forms
	Asked       storage.Access
	LoginHint   string
	Locales     string // ui_locales of OIDC Core section 3.1.2.1
	Native      bool   // the client cannot prove its identity
	// Answers reports whether nobody has to sign in for the request any more once there is this sign-in, which another tab may have brought. For a
	// request that asks for a fresh sign-in it is always false.
	Answers func(signIn storage.SignIn, now time.Time) bool
}

// Describe reads what the pages of a flow show. Errors: [storage.ErrNotFound] when the client is gone.
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
		return RequestView{}, err // it was good when the request was frozen
	}
	dropLostScopes(form, c)
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

// answers decides about a frozen request as if it came just now, in a browser with that sign-in. What cannot be judged any more is for the
// endpoint to tell the app.
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

// dropLostScopes removes the scopes of a frozen request that its client has lost since. When no scope would be left, the request stays as it was, and
// is refused.
func dropLostScopes(form url.Values, c *client.Client) {
	if kept := scope.Kept(strings.Fields(form.Get("scope")), c); len(kept) > 0 {
		form.Set("scope", strings.Join(kept, " "))
	}
}
