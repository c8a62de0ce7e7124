package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

var grantTypes = []string{"authorization_code", "refresh_token", "client_credentials", client.GrantDevice}

// token is the token endpoint (RFC 6749 section 3.2).
func (p *Provider) token(c *gin.Context) error {
	form, err := formBody(c.Writer, c.Request)
	if err != nil {
		return err
	}
	if err := checkGrantType(form.Get("grant_type")); err != nil {
		return err
	}
	u := &unit{now: time.Now(), address: c.Request.RemoteAddr}
	ctx := withUnit(c.Request.Context(), u)
	answer, err := p.tokens(ctx, u, c.Request, form)
	if u.failure != nil {
		err = u.failure
	}
	if err != nil {
		return u.explained(err, form)
	}
	if err := p.spendProof(ctx, u.proof); err != nil {
		return err
	}
	if err := p.write(ctx, u, form.Get("grant_type")); err != nil {
		return u.explained(err, form)
	}
	p.offerNonce(c.Writer.Header(), u.proof, u.now)
	noStore(c)
	c.JSON(http.StatusOK, answer)
	return nil
}

func checkGrantType(name string) error {
	switch {
	case name == "":
		return oauth.Refuse(oauth.GrantTypeMissing)
	case !slices.Contains(grantTypes, name):
		return oauth.Refuse(oauth.GrantTypeUnknown).Compare(name, grantTypes...)
	}
	return nil
}

// tokens makes the whole answer; nothing has been spent when it returns.
func (p *Provider) tokens(ctx context.Context, u *unit, r *http.Request, form url.Values) (map[string]any, error) {
	// Fosite reads the parameters that were validated, and nothing else of the body. An audience cannot be asked for.
	form.Del("audience")
	parsed := &http.Request{Method: r.Method, URL: r.URL, Header: r.Header, RemoteAddr: r.RemoteAddr, Body: http.NoBody, Form: form, PostForm: form}
	request, err := p.engine.NewAccessRequest(ctx, parsed.WithContext(ctx), &session{})
	if err != nil {
		return nil, err
	}
	response, err := p.engine.NewAccessResponse(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := response.ToMap()
	answer["token_type"], answer["expires_in"] = tokenType(u.proof.jkt), u.expiresIn
	return answer, nil
}

// tokenType says how an access token is presented: one that is bound to a key, with a proof of it (RFC 9449 section 5).
func tokenType(jkt string) string {
	if jkt != "" {
		return "DPoP"
	}
	return "Bearer"
}

// refreshKey is the thumbprint of the key that the unit's next refresh token is bound to. A client that proves itself is bound already (RFC 9449
// section 5).
func (u *unit) refreshKey() string {
	if u.client.Public() {
		return u.proof.jkt
	}
	return ""
}

// write makes the one conditional statement on which the answer depends. Losing it means that another request has used the
// same code or token meanwhile.
func (p *Provider) write(ctx context.Context, u *unit, grantType string) error {
	switch grantType {
	case "authorization_code":
		return p.redeem(ctx, u)
	case "refresh_token":
		return p.rotate(ctx, u)
	case client.GrantDevice:
		return p.redeemDevice(ctx, u)
	}
	return nil
}

// redemption is what redeeming its code makes of the unit's grant.
func (p *Provider) redemption(u *unit) storage.Redemption {
	redemption := storage.Redemption{Generation: u.generation, ExpiresAt: u.now.Add(p.cfg.AccessTokenLife)}
	if u.generation > 0 {
		redemption.JKT = u.refreshKey()
		redemption.IdleUntil = u.now.Add(p.cfg.RefreshIdle)
		redemption.ExpiresAt = u.now.Add(p.cfg.RefreshAbsolute)
	}
	return redemption
}

func (p *Provider) redeem(ctx context.Context, u *unit) error {
	err := p.grants.RedeemCode(ctx, u.state.ID, p.redemption(u), u.now)
	if !errors.Is(err, storage.ErrStale) {
		return err
	}
	u.why = oauth.CodeUsed
	// The code was used twice: what the first use got is void as well (RFC 6749 section 4.1.2).
	if err := p.endGrant(ctx, u, audit.AuthorizationCodeReused); err != nil {
		return err
	}
	return fosite.ErrInvalidGrant
}

func (p *Provider) rotate(ctx context.Context, u *unit) error {
	if u.retry {
		return p.store.Confirm(ctx)
	}
	err := p.grants.RotateRefreshToken(ctx, u.state.ID, u.state.Generation, u.refreshKey(), u.now.Add(p.cfg.RefreshIdle), u.now)
	if !errors.Is(err, storage.ErrStale) {
		return err
	}
	state, err := p.grants.Grant(ctx, u.state.ID, "")
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && (state.Ended(u.now) || !u.holds(state.JKT)):
		u.why = oauth.RefreshEnded
		return fosite.ErrInvalidGrant
	case err != nil:
		return err
	case p.withinGrace(state, u.state.Generation, u.now):
		// A twin of this request was first. As for a lost answer, the one successor, which is what this answer holds too, is
		// given out again while it is unused.
		return p.store.Confirm(ctx)
	case state.Generation > u.state.Generation:
		u.why = oauth.RefreshUsed
		// The successor was used meanwhile as well: two parties hold tokens of this family.
		if err := p.endGrant(ctx, u, audit.RefreshTokenReused); err != nil {
			return err
		}
	}
	return fosite.ErrInvalidGrant
}
