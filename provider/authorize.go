package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// SignIns answers who is signed in; it is the only way in which this package learns of a person.
type SignIns interface {
	// Current returns the complete sign-in of the request's browser with what its user has granted to the client.
	// storage.ErrNotFound: there is none, a half-done one included.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// State returns the state of the browser that scripts can read, which changes with the sign-in; signedIn is what Current has found.
	State(w http.ResponseWriter, r *http.Request, signedIn bool) string
	// Browser returns the hash of the cookie that tells browsers apart before anybody is signed in, setting it if missing.
	Browser(w http.ResponseWriter, r *http.Request) []byte
	// RememberRequest remembers in the browser which client a flow is of; ClientOf returns it, also when the flow is over, and empty for a flow
	// of another browser.
	RememberRequest(w http.ResponseWriter, r *http.Request, flow, client string)
	ClientOf(r *http.Request, flow string) string
	// TrustedBrowser returns the id of a browser in which a person completed a sign-in before, signed in or not; empty for any other.
	TrustedBrowser(r *http.Request) string
	// End ends the sign-in of the request's browser with what clients were given in it, if there is one, and returns at which of those it was
	// that want to be told.
	End(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]storage.Visit, error)
}

// Flows keeps authorization requests while people visit pages.
type Flows interface {
	SaveFlow(ctx context.Context, f storage.Flow) error
	// Flow returns storage.ErrNotFound unless the browser with that cookie hash began it and it is not over.
	Flow(ctx context.Context, id string, browserHash []byte, now time.Time) (storage.Flow, error)
	// EndFlow returns storage.ErrStale when it was ended before.
	EndFlow(ctx context.Context, id string) error
}

// authorize is the authorization endpoint (RFC 6749 section 3.1, OIDC Core section 3.1.2). It is entered with a request of a client, and
// again, with the id of the frozen request, each time a page is done.
func (p *Provider) authorize(c *gin.Context) error {
	now := time.Now()
	if c.Request.Method == http.MethodPost && http.NewCrossOriginProtection().Check(c.Request) != nil {
		return p.comeBack(c)
	}
	form, fault := queryAndBody(c.Writer, c.Request)
	if id := form.Get("flow"); id != "" && !form.Has("client_id") {
		return p.resume(c, id, now)
	}
	request, objectFault, err := p.enter(c, form, now)
	if mistake := new(pageError); fault != nil && errors.As(err, &mistake) {
		return fault // it may be why the client or the address is missing
	}
	if err != nil {
		return err
	}
	if fault = cmp.Or(fault, objectFault); fault == nil {
		fault = p.validate(request, now)
	}
	return p.proceed(c, request, storage.Flow{}, fault, now)
}

// enter finds out who asks, the whole of what is asked, and where the answer goes, to which a fault of a pushed request or of a request
// object can be told.
func (p *Provider) enter(c *gin.Context, form url.Values, now time.Time) (a *authRequest, fault, err error) {
	found, err := p.clientOf(c.Request.Context(), form)
	if err != nil {
		return nil, nil, err
	}
	form, fault = p.expand(c, found, form, now)
	if form == nil {
		return nil, nil, fault
	}
	a, err = p.requestOf(found, form)
	if answer := new(oauth.Refusal); err != nil && errors.As(fault, &answer) && answer.Code == oauth.InvalidRequestURI {
		return nil, nil, fault // the address would have been in what the request_uri stands for
	}
	return a, fault, err
}

// resume continues a frozen request. The client is looked up and the request judged anew: both may have changed.
func (p *Provider) resume(c *gin.Context, id string, now time.Time) error {
	ctx := c.Request.Context()
	flow, err := p.flows.Flow(ctx, id, p.signIns.Browser(c.Writer, c.Request), now)
	if errors.Is(err, storage.ErrNotFound) {
		return errFlowOver
	}
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(flow.Request)
	if err != nil {
		return fmt.Errorf("read flow %s: %w", flow.ID, err)
	}
	if form.Has(deviceField) {
		return p.toPage(c, p.cfg.Issuer+devicePath, flow.ID)
	}
	found, err := p.clientOf(ctx, form)
	if err != nil {
		return err
	}
	dropLostScopes(form, found)
	request, err := p.requestOf(found, form)
	if err != nil {
		return err
	}
	return p.proceed(c, request, flow, p.validate(request, now), now)
}

// proceed takes the next step of a request whose client and redirect URI are certain.
func (p *Provider) proceed(c *gin.Context, a *authRequest, flow storage.Flow, fault error, now time.Time) error {
	ctx := c.Request.Context()
	a.shown = flow.ID != ""
	if fault != nil {
		return p.redirectError(c, a, fault)
	}
	signedIn, err := p.signIns.Current(c.Request, a.client.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return p.redirectError(c, a, err)
	}
	a.sessionState = p.sessionState(c, a, err == nil)
	v := p.visitOf(a, flow, signedIn, err == nil)
	next := decide(v, now)
	p.log.DebugContext(ctx, "authorize", "client", a.client.ID, "reason", next.reason)
	switch {
	case next.action == deny:
		return p.denied(c, a, flow)
	case next.action == signIn && a.prompt.none:
		return p.redirectError(c, a, oauth.Refuse(oauth.NotSignedIn))
	case next.action == consent && a.prompt.none:
		return p.redirectError(c, a, oauth.Refuse(oauth.NotAgreed))
	case next.action == issue:
		return p.issue(c, a, flow, signedIn, now)
	}
	if flow, err = p.freeze(c, a, flow, v.user, now); err != nil {
		return err
	}
	if next.action == signIn {
		return p.toPage(c, p.cfg.SignInURL, flow.ID)
	}
	return p.seeOther(c, p.questionURL(p.cfg.ConsentURL, flow, v.asked, signedIn))
}

func (p *Provider) visitOf(a *authRequest, flow storage.Flow, s storage.SignIn, signedIn bool) visit {
	return visit{
		prompt: a.prompt, maxAge: a.maxAge, hint: a.hint, asked: a.asked().Access(),
		skipAsk: a.client.Consent == client.ConsentSkip, unproven: a.client.Type == client.Native,
		startedAt: flow.CreatedAt.Time, denied: !flow.DeniedAt.IsZero(), consentedBy: flow.ConsentedBy,
		signedIn: signedIn, user: s.User().ID, subject: p.subject(a.client, s.User().ID), authTime: s.Time(), granted: s.Consent().Access,
	}
}

// http is the validated request in the form that fosite reads: one value for each parameter, nothing that it would fetch.
func (a *authRequest) http() *http.Request {
	form := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method"} {
		if a.form.Has(name) {
			form.Set(name, a.form.Get(name))
		}
	}
	form.Set("scope", joinScopes(a.scopes))
	// Fosite refuses a state of fewer than 8 characters, which no specification does. It gets one of its own; the client's
	// goes back as it came.
	form.Set("state", "not the client's")
	return &http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}, Form: form, PostForm: url.Values{}}
}

// frozenParameters are those that mean something here or to the pages; others are ignored (RFC 6749 section 3.1).
var frozenParameters = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
	"prompt", "max_age", "id_token_hint", "acr_values", "claims", "login_hint", "ui_locales", "dpop_jkt",
}

// frozen is the request as a flow keeps it.
func (a *authRequest) frozen() string {
	kept := url.Values{}
	for _, name := range frozenParameters {
		if a.form.Has(name) {
			kept.Set(name, a.form.Get(name))
		}
	}
	if a.pushedHash() != nil {
		kept.Set("request_uri", a.form.Get("request_uri"))
	}
	return kept.Encode()
}

// freeze saves the request for the time in which a person visits pages, unless flow is what was saved before. user is empty when nobody is signed
// in.
func (p *Provider) freeze(c *gin.Context, a *authRequest, flow storage.Flow, user string, now time.Time) (storage.Flow, error) {
	if flow.ID != "" {
		return flow, nil
	}
	if err := p.mayBegin(c.Request, a.client.ID, user, now); err != nil {
		return flow, err
	}
	flow = storage.Flow{
		ID: storage.NewID(), BrowserHash: p.signIns.Browser(c.Writer, c.Request), ClientID: a.client.ID, Request: a.frozen(),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(p.cfg.FlowLife)),
	}
	err := p.flows.SaveFlow(c.Request.Context(), flow)
	if errors.Is(err, storage.ErrNotFound) { // the client is gone, and another replica knew first
		return flow, errFlowOver
	}
	if err == nil {
		p.signIns.RememberRequest(c.Writer, c.Request, flow.ID, a.client.ID)
	}
	return flow, err
}

func (p *Provider) toPage(c *gin.Context, page, flowID string) error {
	return p.seeOther(c, page+"?flow="+flowID)
}

// questionURL is the address of a page that asks who is signed in whether a client may have access. It ties the answer to this sign-in and this
// question.
func (p *Provider) questionURL(page string, flow storage.Flow, asked storage.Access, s storage.SignIn) string {
	return page + "?flow=" + flow.ID + "&shown=" + asked.FormKey(p.store, s, flow)
}

func (p *Provider) seeOther(c *gin.Context, address string) error {
	noStore(c)
	c.Redirect(http.StatusSeeOther, address)
	return nil
}

// denied answers the client of a request that the person refused.
func (p *Provider) denied(c *gin.Context, a *authRequest, flow storage.Flow) error {
	if err := p.flows.EndFlow(c.Request.Context(), flow.ID); errors.Is(err, storage.ErrStale) {
		return errFlowOver
	} else if err != nil {
		return err
	}
	return p.redirectError(c, a, oauth.Refuse(oauth.PersonRefused))
}
