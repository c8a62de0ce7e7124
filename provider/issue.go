package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// issue answers the request with what its response type asks for: code and tokens, the grant behind them and the audit entry are one
// statement; with a flow, ending it is in the same transaction, so that one flow yields one answer.
func (p *Provider) issue(c *gin.Context, a *authRequest, flow storage.Flow, s storage.SignIn, now time.Time) error {
	u := &unit{now: now, client: a.client, request: a, signIn: s}
	if err := p.beginGrant(u); err != nil {
		return err
	}
	ctx := withUnit(c.Request.Context(), u)
	engineRequest, err := p.engine.NewAuthorizeRequest(ctx, a.http())
	if err != nil {
		return p.redirectError(c, a, err)
	}
	for _, scope := range a.scopes { // the person has agreed to these, in decide
		engineRequest.GrantScope(scope)
	}
	if _, err := p.engine.NewAuthorizeResponse(ctx, engineRequest, &session{subject: s.User().ID}); err != nil {
		return p.redirectError(c, a, err)
	}
	p.setCode(u)
	event := p.audit.Rider(audit.Event{
		Name: audit.AuthorizationIssued, UserID: u.state.UserID, ClientID: u.state.ClientID, Actor: audit.ActorUser, Address: c.Request.RemoteAddr,
	}, now)
	switch err := p.writeGrant(ctx, u, flow, event); {
	case errors.Is(err, errWithdrawn):
		return p.proceed(c, a, flow, nil, now)
	case errors.Is(err, errPushedTwice):
		return p.redirectError(c, a, err)
	case errors.Is(err, storage.ErrStale), errors.Is(err, storage.ErrNotFound): // answered before, or client or user are gone
		return errFlowOver
	case err != nil:
		return p.redirectError(c, a, err)
	}
	return p.redirect(c, a, u.response())
}

// response is what the client gets (RFC 6749 sections 4.1.2 and 4.2.2, OIDC Core sections 3.2.2.5 and 3.3.2.5).
func (u *unit) response() url.Values {
	parameters := url.Values{}
	if u.code != "" {
		parameters.Set("code", u.code)
	}
	if u.accessToken != "" {
		parameters.Set("access_token", u.accessToken)
		parameters.Set("token_type", "Bearer")
		parameters.Set("expires_in", strconv.FormatInt(u.expiresIn, 10))
	}
	if u.idToken != "" {
		parameters.Set("id_token", u.idToken)
	}
	return parameters
}

// errWithdrawn: the person has withdrawn the consent that the answer rests on, or signed out.
var errWithdrawn = errors.New("consent withdrawn or session ended meanwhile")

// errPushedTwice: the pushed request was answered already.
var errPushedTwice = oauth.Refuse(oauth.PushedUsed)

// writeGrant stores the grant, uses up what must be answered once only: the flow, and the request that was pushed, and notes the visit of a
// client that is told of logouts.
func (p *Provider) writeGrant(ctx context.Context, u *unit, flow storage.Flow, event string) error {
	pushed := u.request.pushedHash()
	told := u.client.ToldOfLogout()
	if flow.ID == "" && pushed == nil && !told {
		return p.issueGrant(ctx, u.state.Grant, event)
	}
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if pushed != nil {
			err := p.store.SpendPushedRequest(ctx, pushed, u.now)
			if errors.Is(err, storage.ErrStale) {
				return errPushedTwice
			}
			if err != nil {
				return err
			}
		}
		if flow.ID != "" {
			if err := p.flows.EndFlow(ctx, flow.ID); err != nil {
				return err
			}
		}
		if err := p.issueGrant(ctx, u.state.Grant, event); err != nil || !told {
			return err
		}
		return p.store.AddVisit(ctx, u.signIn, u.client.ID, u.now)
	})
}

func (p *Provider) issueGrant(ctx context.Context, g storage.Grant, event string) error {
	err := p.grants.IssueCode(ctx, g, event)
	if errors.Is(err, storage.ErrStale) {
		return errWithdrawn
	}
	return err
}

// beginGrant prepares the row of the grant that the request gets, for the tokens that name it.
func (p *Provider) beginGrant(u *unit) error {
	u.detail = grantDetail{
		RedirectURI: u.request.redirectURI, Challenge: u.request.challenge, Nonce: u.request.nonce, ACR: u.request.acr,
		AMR: u.signIn.Methods(), Named: u.request.named, JKT: u.request.jkt,
	}
	detail, err := json.Marshal(u.detail)
	user := u.signIn.User()
	u.state = storage.GrantState{User: user, Grant: storage.Grant{
		ID: storage.NewID(), UserID: user.ID, ClientID: u.client.ID, SID: u.signIn.ID(), InSession: true, Epoch: user.Epoch,
		Access: u.request.asked().Access(), ConsentedAt: u.signIn.Consent().CreatedAt, Detail: detail, AuthTime: storage.At(u.signIn.Time()), CreatedAt: storage.At(u.now),
		CodeExpiresAt: storage.At(u.now.Add(p.cfg.CodeLife)), ExpiresAt: storage.At(u.now.Add(p.cfg.CodeLife + p.cfg.AccessTokenLife)),
	}}
	u.loaded = true
	return err
}

// setCode ties the grant to the code that was made, or closes it to all codes when there is none.
func (p *Provider) setCode(u *unit) {
	code := u.code
	if code == "" {
		code, u.state.CodeUsedAt = newCode(), storage.At(u.now)
	}
	u.state.CodeHash = storage.Hash(code)
}
