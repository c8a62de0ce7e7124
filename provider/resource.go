package provider

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// resourceError is an error of a request to a protected resource: its challenge is of the scheme in which the access token came.
type resourceError struct {
	error
	byProof bool // RFC 9449 section 7.1
}

func (e *resourceError) Unwrap() error { return e.error }

// admit returns the access token of a request to the UserInfo endpoint and its client if the token is good, meant for this endpoint, and, when it
// is bound to a key, shown with a proof of that key. A token for other resource servers alone is refused, or each of them could read the
// person's data here (RFC 9068 section 4). A bound token without proof may be stolen, and a proof for a token that is not bound proves
// nothing (RFC 9449 section 7.2).
func (p *Provider) admit(c *gin.Context, token string, byProof bool, now time.Time) (presented, *client.Client, error) {
	if token == "" {
		return presented{}, nil, errNoToken
	}
	ctx := c.Request.Context()
	shown, err := p.present(ctx, token, now)
	if err != nil {
		return presented{}, nil, err
	}
	owner, err := p.clients.Client(ctx, shown.token.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound): // removed just now
		return presented{}, nil, oauth.Refuse(oauth.AccessTokenEnded)
	case err != nil:
		return presented{}, nil, err
	}
	noteAsker(ctx, owner.ID, owner)
	switch audience := p.audience(owner, shown.token); {
	case byProof != (shown.token.JKT != ""):
		return presented{}, nil, oauth.Refuse(oauth.AccessTokenScheme)
	case !slices.Contains(audience, p.cfg.Issuer):
		return presented{}, nil, oauth.Refuse(oauth.AccessTokenAudience).Compare(strings.Join(audience, " "), p.cfg.Issuer)
	case byProof:
		err = p.prove(c, token, shown.token.JKT, now)
	}
	return shown, owner, err
}

// prove checks and uses up the proof that comes with a bound access token (RFC 9449 section 7.1).
func (p *Provider) prove(c *gin.Context, token, jkt string, now time.Time) error {
	target := proofTarget{method: c.Request.Method, uri: p.cfg.Issuer + "/userinfo", token: token}
	shown, err := proofOf(c.Request, target, nonces{p.store}, now)
	switch {
	case err == nil && shown.jkt == "":
		err = errNoProof
	case err == nil && shown.jkt != jkt:
		return oauth.Refuse(oauth.AccessTokenKey)
	case err == nil:
		err = p.spendProof(c.Request.Context(), shown)
	}
	if fault := new(oauth.Refusal); errors.As(err, &fault) && fault.Status == http.StatusBadRequest {
		atResource := *fault
		atResource.Status = http.StatusUnauthorized
		return &atResource
	}
	p.offerNonce(c.Writer.Header(), shown, now)
	return err
}
