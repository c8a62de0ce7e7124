package device

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// decide acts on the person's decision. If the question has changed since it was shown, it shows the new one instead.
func (e *Endpoint) decide(c *gin.Context, now time.Time) error {
	answer := c.Request.PostForm.Get("decision")
	if answer != "allow" && answer != "deny" {
		return e.ask(c, http.StatusUnprocessableEntity, templates.T("consent.choose"), now)
	}
	q, next, err := e.readQuestion(c, now)
	switch {
	case err != nil:
		return err
	case next == decision.Deny:
		return e.finish(c, "cancelled")
	case next == decision.SignIn:
		return page.ToFlow(c, e.cfg.SignInURL, q.flow.ID)
	}
	if !hmac.Equal([]byte(c.Query("shown")), []byte(q.asked.Access().FormKey(e.cfg.Store, q.signIn, q.flow))) {
		return e.ask(c, http.StatusUnprocessableEntity, templates.T("consent.changed"), now)
	}
	act, outcome := e.approve, "allowed"
	if answer == "deny" {
		act, outcome = e.deny, "cancelled"
	}
	err = act(c.Request.Context(), q, c.Request.RemoteAddr, now)
	if errors.Is(err, storage.ErrStale) || errors.Is(err, storage.ErrNotFound) { // decided meanwhile, or the client or the user is gone
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	return e.finish(c, outcome)
}

// approve stores the consent and the grant that the device redeems, in one transaction. Errors: [storage.ErrStale] if somebody has decided before,
// and those of [Grants].
func (e *Endpoint) approve(ctx context.Context, q question, remoteAddr string, now time.Time) error {
	grant, err := e.grant(q, now)
	if err != nil {
		return err
	}
	issued := q.event(audit.AuthorizationIssued, remoteAddr)
	issued.Detail = nil
	return e.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := e.cfg.Store.Devices.Approve(ctx, q.request.ID, now); err != nil {
			return err
		}
		if err := e.cfg.Store.Flows.End(ctx, q.flow.ID); err != nil {
			return err
		}
		if err := e.cfg.Store.Consents.Add(ctx, grant.UserID, grant.ClientID, q.asked.Access(), now); err != nil {
			return err
		}
		if err := e.cfg.Audit.Record(ctx, q.event(audit.ConsentGiven, remoteAddr), now); err != nil {
			return err
		}
		return e.cfg.Grants.Issue(ctx, grant, e.cfg.Audit.Rider(issued, now))
	})
}

// deny records that the person denied the request. Errors: [storage.ErrStale] if somebody has decided before.
func (e *Endpoint) deny(ctx context.Context, q question, remoteAddr string, now time.Time) error {
	return e.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := e.cfg.Store.Devices.Deny(ctx, q.request.ID, now); err != nil {
			return err
		}
		if err := e.cfg.Store.Flows.End(ctx, q.flow.ID); err != nil {
			return err
		}
		return e.cfg.Audit.Record(ctx, q.event(audit.ConsentDenied, remoteAddr), now)
	})
}

func (q question) event(name audit.Name, remoteAddr string) audit.Event {
	return audit.Event{
		Name: name, Actor: audit.ActorUser, UserID: q.signIn.User().ID, ClientID: q.client.ID, Address: remoteAddr,
		Detail: audit.AccessDetail(q.asked.Access()),
	}
}

// grant returns the grant that the person gives to the client, which can redeem it while the device code is valid.
func (e *Endpoint) grant(q question, now time.Time) (storage.Grant, error) {
	user := q.signIn.User()
	detail, err := json.Marshal(token.Detail{ACR: token.ACR(q.client.DefaultACRValues), AMR: q.signIn.Methods(), Named: q.asked.Named})
	return storage.Grant{
		ID: storage.NewID(), UserID: user.ID, ClientID: q.client.ID, SID: q.signIn.ID(), InSession: true, Epoch: user.Epoch,
		Access: q.asked.Access(), Detail: detail, AuthTime: storage.At(q.signIn.Time()), CreatedAt: storage.At(now),
		CodeHash: token.DeviceGrantHash(q.request), CodeExpiresAt: q.request.ExpiresAt,
		ExpiresAt: storage.At(q.request.ExpiresAt.Add(e.cfg.AccessTokenLife)),
	}, err
}
