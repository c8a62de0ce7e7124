package provider

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// resourceError is an error of a request to a protected resource: its challenge is of the scheme in which the access token came.
type resourceError struct {
	error
	byProof bool // RFC 9449 section 7.1
}

func (e *resourceError) Unwrap() error { return e.error }

// admit returns the access token of a request to the UserInfo endpoint if it is good, and if it is bound to a key, shown with a proof of that key. A
// bound token without proof may be stolen, and a proof for a token that is not bound proves nothing (RFC 9449 section 7.2).
func (p *Provider) admit(c *gin.Context, token string, byProof bool, now time.Time) (presented, error) {
	if token == "" {
		return presented{}, errNoToken
	}
	shown, err := p.present(c.Request.Context(), token, now)
	if err != nil {
		return presented{}, err
	}
	if byProof != (shown.token.JKT != "") {
		return presented{}, errToken
	}
	if byProof {
		err = p.prove(c, token, shown.token.JKT, now)
	}
	return shown, err
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
