package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// issue answers the request with the code and tokens that its response type asks for. One statement stores the grant, with the hash of the code, and
// the audit entry; the same transaction ends the flow, if there is one, so that one flow yields one answer.
func (e *Endpoint) issue(c *gin.Context, a *request, flow storage.Flow, s storage.SignIn, now time.Time) error {
	grant, err := e.newGrant(a, s, now)
	if err != nil {
		return err
	}
	ctx, u := c.Request.Context(), &engine.Unit{
		Now: now, Client: a.client, Grant: grant, Request: &engine.Request{Form: a.form, Types: a.types, Scopes: a.scopes},
	}
	if err := e.cfg.Engine.Authorize(ctx, u); err != nil { // the person has agreed to the scopes, in decision.Decide
		return e.respondError(c, a, err)
	}
	setCode(u)
	event := e.cfg.Audit.Rider(audit.Event{
		Name: audit.AuthorizationIssued, UserID: u.Grant.UserID, ClientID: u.Grant.ClientID, Actor: audit.ActorUser, Address: c.Request.RemoteAddr,
	}, now)
	switch err := e.writeGrant(ctx, a, flow, u.Grant.Grant, event, now); {
	case errors.Is(err, errWithdrawn):
		return e.proceed(c, a, flow, nil, now)
	case errors.Is(err, errPushedTwice):
		return e.respondError(c, a, err)
	case errors.Is(err, storage.ErrStale), errors.Is(err, storage.ErrNotFound): // answered before, or the client or the user is gone
		return page.ErrOver
	case err != nil:
		return e.respondError(c, a, err)
	}
	return e.respond(c, a, parametersOf(u))
}

// newGrant returns the grant for the request, which is not stored yet.
func (e *Endpoint) newGrant(a *request, s storage.SignIn, now time.Time) (token.Grant, error) {
	detail := token.Detail{
		RedirectURI: a.redirectURI, Challenge: a.challenge, Nonce: a.nonce, ACR: a.acr, AMR: s.Methods(), Named: a.named, JKT: a.jkt,
	}
	text, err := json.Marshal(detail)
	user := s.User()
	return token.Grant{Detail: detail, GrantState: storage.GrantState{User: user, Grant: storage.Grant{
		ID: storage.NewID(), UserID: user.ID, ClientID: a.client.ID, SID: s.ID(), InSession: true, Epoch: user.Epoch, TellOfLogout: a.client.ToldOfLogout(),
		Access: a.asked().Access(), ConsentedAt: s.Consent().CreatedAt, Detail: text, AuthTime: storage.At(s.Time()), CreatedAt: storage.At(now),
		CodeExpiresAt: storage.At(now.Add(e.cfg.CodeLife)), ExpiresAt: storage.At(now.Add(e.cfg.CodeLife + e.cfg.AccessTokenLife)),
	}}}, err
}

// setCode sets the grant's code hash from the unit's code. If there is no code, the grant cannot be redeemed.
func setCode(u *engine.Unit) {
	code := u.Code
	if code == "" {
		code, u.Grant.CodeUsedAt = token.NewCode(), storage.At(u.Now)
	}
	u.Grant.CodeHash = storage.Hash(code)
}

// parametersOf returns the parameters of a successful answer (RFC 6749 sections 4.1.2 and 4.2.2, OIDC Core sections 3.2.2.5 and 3.3.2.5).
func parametersOf(u *engine.Unit) url.Values {
	parameters := url.Values{}
	if u.Code != "" {
		parameters.Set("code", u.Code)
	}
	if u.AccessToken != "" {
		parameters.Set("access_token", u.AccessToken)
		parameters.Set("token_type", "Bearer")
		parameters.Set("expires_in", strconv.FormatInt(u.ExpiresIn, 10))
		for _, asked := range strings.Fields(u.Request.Form.Get("scope")) {
			if !slices.Contains(u.Request.Scopes, asked) { // less was granted than was asked for
				parameters.Set("scope", strings.Join(u.Request.Scopes, " "))
			}
		}
	}
	if u.IDToken != "" {
		parameters.Set("id_token", u.IDToken)
	}
	return parameters
}

// errWithdrawn says that the person has withdrawn the consent or signed out meanwhile.
var errWithdrawn = errors.New("consent withdrawn or session ended meanwhile")

// errPushedTwice says that the pushed request was already answered.
var errPushedTwice = oauth.Refuse(oauth.PushedUsed)

// writeGrant stores the grant, ends the flow and uses up the pushed request, so that each is answered only once.
func (e *Endpoint) writeGrant(ctx context.Context, a *request, flow storage.Flow, grant storage.Grant, event string, now time.Time) error {
	pushed := a.pushedHash()
	if flow.ID == "" && pushed == nil {
		return e.storeGrant(ctx, grant, event)
	}
	return e.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if pushed != nil {
			err := e.cfg.Store.PushedRequests.Spend(ctx, pushed, now)
			if errors.Is(err, storage.ErrStale) {
				return errPushedTwice
			}
			if err != nil {
				return err
			}
		}
		if flow.ID != "" {
			if err := e.cfg.Store.Flows.End(ctx, flow.ID); err != nil {
				return err
			}
		}
		return e.storeGrant(ctx, grant, event)
	})
}

func (e *Endpoint) storeGrant(ctx context.Context, g storage.Grant, event string) error {
	err := e.cfg.Grants.Issue(ctx, g, event)
	if errors.Is(err, storage.ErrStale) {
		return errWithdrawn
	}
	return err
}
