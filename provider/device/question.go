package device

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// question is the question whether a device may have access, with the person who is asked.
type question struct {
	flow     storage.Flow
	request  storage.DeviceRequest
	client   *client.Client
	signIn   storage.SignIn // of both factors
	userCode string
	asked    scope.Asked
}

// readQuestion reads the question of the request's flow and decides what has to happen next. After [decision.SignIn] only the flow of q may be used,
// because the person has to sign in first. [decision.Deny] says that the person has cancelled the sign-in. Errors: [page.ErrOver] if the flow or the
// device's codes have expired, or somebody has decided.
func (e *Endpoint) readQuestion(c *gin.Context, now time.Time) (q question, next decision.Action, err error) {
	ctx := c.Request.Context()
	q.flow, err = e.cfg.Store.Flows.ByID(ctx, c.Query("flow"), e.cfg.SignIns.Browser(c.Writer, c.Request), now)
	if errors.Is(err, storage.ErrNotFound) {
		return q, decision.Deny, page.ErrOver
	}
	if err != nil {
		return q, decision.Deny, err
	}
	form, err := url.ParseQuery(q.flow.Request)
	if err != nil {
		return q, decision.Deny, fmt.Errorf("read flow %s: %w", q.flow.ID, err)
	}
	if !form.Has(page.DeviceField) {
		return q, decision.Deny, page.ErrOver
	}
	if !q.flow.DeniedAt.IsZero() {
		return q, decision.Deny, nil
	}
	if err := e.readRequest(ctx, &q, form, now); err != nil {
		return q, decision.Deny, err
	}
	q.signIn, err = e.cfg.SignIns.Current(c.Request, q.client.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return q, decision.Deny, err
	}
	maxAge, maxAgeErr := decision.ReadMaxAge("", q.client)
	if maxAgeErr != nil {
		return q, decision.Deny, maxAgeErr
	}
	return q, decision.Decide(decision.Request{
		Prompt: decision.Prompts{Consent: true}, MaxAge: maxAge, Asked: q.asked.Access(), StartedAt: q.flow.CreatedAt.Time,
		SignedIn: err == nil, User: q.signIn.User().ID, AuthTime: q.signIn.Time(),
	}, now).Action, nil
}

// readRequest reads the device's request, its client, and the access that the client may still ask for. Errors: [page.ErrOver] if one of
// them is gone.
func (e *Endpoint) readRequest(ctx context.Context, q *question, form url.Values, now time.Time) (err error) {
	q.request, err = e.cfg.Store.Devices.Undecided(ctx, form.Get(page.DeviceField), now)
	if errors.Is(err, storage.ErrNotFound) {
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	q.client, err = e.cfg.Clients.Client(ctx, q.request.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (q.client.Disabled || !slices.Contains(q.client.GrantTypes, client.GrantDevice)) {
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	kept := scope.Kept(q.request.Scopes, q.client)
	if len(kept) == 0 {
		return page.ErrOver
	}
	q.asked = scope.Ask(kept, scope.Parameter{}, q.client, true)
	q.userCode, err = e.openUserCode(q.flow, form.Get(userCodeField))
	return err
}

// ask shows which client asks for what and from where, once the person has signed in with both factors.
func (e *Endpoint) ask(c *gin.Context, status int, message templates.Text, now time.Time) error {
	q, next, err := e.readQuestion(c, now)
	switch {
	case err != nil:
		return err
	case next == decision.Deny:
		return e.finish(c, "cancelled")
	case next == decision.SignIn:
		return page.ToFlow(c, e.cfg.SignInURL, q.flow.ID)
	}
	app := e.cfg.Page.AppOf(q.client)
	templates.ForApp(c, app)
	user := q.signIn.User()
	name, _ := user.Claims["name"].(string)
	action := page.QuestionURL(e.cfg.Store, e.cfg.Issuer+page.DevicePath, q.flow, q.asked.Access(), q.signIn)
	return e.cfg.Pages.Render(c, status, templates.DeviceConfirm{
		Page: templates.Page{App: app, Error: message, Action: action}, Person: templates.Person{Name: name, Email: user.Email},
		SwitchURL: e.cfg.SignInURL + "?flow=" + q.flow.ID, Scopes: scope.Words(q.asked.Access(), user), UserCode: formatUserCode(q.userCode),
		Address: q.request.ClientIP, Browser: templates.BrowserText(q.request.Browser), AskedAt: q.request.CreatedAt.Time,
	})
}

// finish redirects to the page that says how the question ended.
func (e *Endpoint) finish(c *gin.Context, outcome string) error {
	return page.SeeOther(c, e.cfg.Issuer+page.DevicePath+"?done="+outcome)
}
