package provider

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// deviceVisit is a browser at the question about a device.
type deviceVisit struct {
	flow     storage.Flow
	device   storage.DeviceRequest
	client   *client.Client
	signIn   storage.SignIn // of both factors
	userCode string
	asked    scope.Asked
}

// visitDevice finds out what the question is and who answers it. With signIn the person has to sign in first: nothing of v may be
// used but its flow. page.ErrOver: the flow is over, the device's codes are, or somebody has decided.
func (p *Provider) visitDevice(c *gin.Context, now time.Time) (v deviceVisit, next decision.Action, err error) {
	ctx := c.Request.Context()
	v.flow, err = p.store.Flows.ByID(ctx, c.Query("flow"), p.signIns.Browser(c.Writer, c.Request), now)
	if errors.Is(err, storage.ErrNotFound) {
		return v, decision.Deny, page.ErrOver
	}
	if err != nil {
		return v, decision.Deny, err
	}
	form, err := url.ParseQuery(v.flow.Request)
	if err != nil {
		return v, decision.Deny, fmt.Errorf("read flow %s: %w", v.flow.ID, err)
	}
	if !form.Has(page.DeviceField) {
		return v, decision.Deny, page.ErrOver
	}
	if !v.flow.DeniedAt.IsZero() {
		return v, decision.Deny, nil
	}
	if err := p.readDevice(ctx, &v, form, now); err != nil {
		return v, decision.Deny, err
	}
	v.signIn, err = p.signIns.Current(c.Request, v.client.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return v, decision.Deny, err
	}
	maxAge, maxAgeErr := decision.ReadMaxAge("", v.client)
	if maxAgeErr != nil {
		return v, decision.Deny, maxAgeErr
	}
	return v, decision.Decide(decision.Request{
		Prompt: decision.Prompts{Consent: true}, MaxAge: maxAge, Asked: v.asked.Access(), StartedAt: v.flow.CreatedAt.Time,
		SignedIn: err == nil, User: v.signIn.User().ID, AuthTime: v.signIn.Time(),
	}, now).Action, nil
}

// readDevice reads what is asked, and whether the client may still ask it.
func (p *Provider) readDevice(ctx context.Context, v *deviceVisit, form url.Values, now time.Time) (err error) {
	v.device, err = p.store.Devices.Undecided(ctx, form.Get(page.DeviceField), now)
	if errors.Is(err, storage.ErrNotFound) {
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	v.client, err = p.clients.Client(ctx, v.device.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (v.client.Disabled || !slices.Contains(v.client.GrantTypes, client.GrantDevice)) {
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	kept := scope.Kept(v.device.Scopes, v.client)
	if len(kept) == 0 {
		return page.ErrOver
	}
	v.asked = scope.Ask(kept, scope.Parameter{}, v.client, true)
	v.userCode, err = p.openUserCode(v.flow, form.Get(codeField))
	return err
}

// askAboutDevice shows who asks for what and from where, once the person has signed in with both factors.
func (p *Provider) askAboutDevice(c *gin.Context, status int, message templates.Text, now time.Time) error {
	v, next, err := p.visitDevice(c, now)
	switch {
	case err != nil:
		return err
	case next == decision.Deny:
		return p.deviceDone(c, "cancelled")
	case next == decision.SignIn:
		return page.ToFlow(c, p.cfg.SignInURL, v.flow.ID)
	}
	app := p.page.AppOf(v.client)
	templates.ForApp(c, app)
	user := v.signIn.User()
	name, _ := user.Claims["name"].(string)
	view := templates.DeviceConfirm{
		Page: templates.Page{
			App: app, Error: message, Action: page.QuestionURL(p.store, p.cfg.Issuer+page.DevicePath, v.flow, v.asked.Access(), v.signIn),
		},
		Person:    templates.Person{Name: name, Email: user.Email},
		SwitchURL: p.cfg.SignInURL + "?flow=" + v.flow.ID, Scopes: scope.Words(v.asked.Access(), user), UserCode: showUserCode(v.userCode),
		Address: v.device.ClientIP, Browser: templates.BrowserText(v.device.Browser), AskedAt: v.device.CreatedAt.Time,
	}
	return p.pages.Render(c, status, view)
}

func (p *Provider) deviceDone(c *gin.Context, what string) error {
	oauth.NoStore(c)
	c.Redirect(http.StatusSeeOther, p.cfg.Issuer+"/device?done="+what)
	return nil
}

// decideOnDevice is the answer to the question.
func (p *Provider) decideOnDevice(c *gin.Context, now time.Time) error {
	answer := c.Request.PostForm.Get("decision")
	if answer != "allow" && answer != "deny" {
		return p.askAboutDevice(c, http.StatusUnprocessableEntity, templates.T("consent.choose"), now)
	}
	v, next, err := p.visitDevice(c, now)
	switch {
	case err != nil:
		return err
	case next == decision.Deny:
		return p.deviceDone(c, "cancelled")
	case next == decision.SignIn:
		return page.ToFlow(c, p.cfg.SignInURL, v.flow.ID)
	}
	if !hmac.Equal([]byte(c.Query("shown")), []byte(v.asked.Access().FormKey(p.store, v.signIn, v.flow))) {
		return p.askAboutDevice(c, http.StatusUnprocessableEntity, templates.T("consent.changed"), now)
	}
	act, done := p.approveDevice, "allowed"
	if answer == "deny" {
		act, done = p.refuseDevice, "cancelled"
	}
	err = act(c.Request.Context(), v, c.Request.RemoteAddr, now)
	if errors.Is(err, storage.ErrStale) || errors.Is(err, storage.ErrNotFound) { // somebody was first, or client or user are gone
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	return p.deviceDone(c, done)
}

// approveDevice makes the grant that the device fetches, in one transaction with the consent. storage.ErrStale: somebody has decided.
func (p *Provider) approveDevice(ctx context.Context, v deviceVisit, address string, now time.Time) error {
	grant, err := p.deviceGrant(v, now)
	if err != nil {
		return err
	}
	issued := v.event(audit.AuthorizationIssued, address)
	issued.Detail = nil
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.Devices.Approve(ctx, v.device.ID, now); err != nil {
			return err
		}
		if err := p.store.Flows.End(ctx, v.flow.ID); err != nil {
			return err
		}
		if err := p.store.Consents.Add(ctx, grant.UserID, grant.ClientID, v.asked.Access(), now); err != nil {
			return err
		}
		if err := p.audit.Record(ctx, v.event(audit.ConsentGiven, address), now); err != nil {
			return err
		}
		return p.grants.Issue(ctx, grant, p.audit.Rider(issued, now))
	})
}

// refuseDevice notes that the person said no. storage.ErrStale: somebody has decided.
func (p *Provider) refuseDevice(ctx context.Context, v deviceVisit, address string, now time.Time) error {
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.Devices.Deny(ctx, v.device.ID, now); err != nil {
			return err
		}
		if err := p.store.Flows.End(ctx, v.flow.ID); err != nil {
			return err
		}
		return p.audit.Record(ctx, v.event(audit.ConsentDenied, address), now)
	})
}

func (v deviceVisit) event(name audit.Name, address string) audit.Event {
	return audit.Event{
		Name: name, Actor: audit.ActorUser, UserID: v.signIn.User().ID, ClientID: v.client.ID, Address: address,
		Detail: audit.AccessDetail(v.asked.Access()),
	}
}

// deviceGrant is what the sign-in gives to the device, which fetches it while its code is good.
func (p *Provider) deviceGrant(v deviceVisit, now time.Time) (storage.Grant, error) {
	user := v.signIn.User()
	detail, err := json.Marshal(token.Detail{ACR: token.ACR(v.client.DefaultACRValues), AMR: v.signIn.Methods(), Named: v.asked.Named})
	return storage.Grant{
		ID: storage.NewID(), UserID: user.ID, ClientID: v.client.ID, SID: v.signIn.ID(), InSession: true, Epoch: user.Epoch,
		Access: v.asked.Access(), Detail: detail, AuthTime: storage.At(v.signIn.Time()), CreatedAt: storage.At(now),
		CodeHash: token.DeviceGrantHash(v.device), CodeExpiresAt: v.device.ExpiresAt,
		ExpiresAt: storage.At(v.device.ExpiresAt.Add(p.cfg.AccessTokenLife)),
	}, err
}
