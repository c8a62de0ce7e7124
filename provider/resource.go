package provider

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
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
		return presented{}, nil, errToken
	case err != nil:
		return presented{}, nil, err
	case byProof != (shown.token.JKT != ""), !slices.Contains(p.audience(owner, shown.token), p.cfg.Issuer):
		return presented{}, nil, errToken
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
		return errToken
	case err == nil:
		err = p.spendProof(c.Request.Context(), shown)
	}
	if fault := new(oauthError); errors.As(err, &fault) && fault.Status == http.StatusBadRequest {
		return &oauthError{Status: http.StatusUnauthorized, Code: fault.Code, Description: fault.Description}
	}
	p.offerNonce(c.Writer.Header(), shown, now)
	return err
}
