package provider

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/templates"
)

// endpoint makes a handler one that browser apps may call as well.
func (p *Provider) endpoint(handler func(*gin.Context) error) gin.HandlerFunc {
	answer := p.answer(handler)
	return func(c *gin.Context) {
		p.cors(c)
		answer(c)
	}
}

// answer turns a handler that returns an error into one that answers it as RFC 6749 section 5.2 and RFC 6750 section 3 say.
func (p *Provider) answer(handler func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request = withAsker(c.Request)
		err := handler(c)
		switch {
		case err == nil:
		case templates.Gone(c, err):
			c.Status(499)
		default:
			p.fail(c, err)
		}
	}
}

func (p *Provider) fail(c *gin.Context, err error) {
	answer := translate(err)
	ctx := c.Request.Context()
	if answer.Status >= http.StatusInternalServerError {
		p.log.ErrorContext(ctx, "request failed", "route", c.FullPath(), "rule", string(answer.Rule), "error", answer.Code, "cause", err.Error())
	} else {
		p.logRefusal(c, answer)
	}
	noStore(c)
	if answer.Code == oauth.UseDPoPNonce {
		c.Header("DPoP-Nonce", nonces{p.store}.at(time.Now()))
	}
	switch {
	case answer.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "5")
	case answer.Status == http.StatusTooManyRequests:
		c.Header("Retry-After", retryAfter(err))
	case answer.Status == http.StatusUnauthorized, answer.Code == oauth.InsufficientScope:
		for _, text := range challenges(err, answer) {
			c.Writer.Header().Add("WWW-Authenticate", text)
		}
	}
	body := gin.H{}
	if answer.Code != "" {
		body = gin.H{"error": answer.Code, "error_description": answer.Description}
	}
	c.JSON(answer.Status, body)
}

// challenges tell a client how to authenticate, or what is wrong with its access token.
func challenges(err error, answer *oauth.Refusal) []string {
	resource := new(resourceError)
	bearer, proof := `Bearer realm="postern"`, `DPoP algs="`+strings.Join(client.SigningAlgs(), " ")+`"`
	fault := `, error="` + answer.Code + `", error_description="` + answer.Description + `"`
	switch atResource := errors.As(err, &resource); {
	case answer.Code == oauth.InvalidClient:
		return []string{`Basic realm="postern"`}
	case answer.Code == "": // RFC 9449 section 7.2: both ways, one after the other
		return []string{bearer, proof}
	case atResource && resource.byProof:
		return []string{proof + fault}
	case atResource:
		return []string{bearer + fault, proof}
	}
	return []string{bearer + fault}
}
