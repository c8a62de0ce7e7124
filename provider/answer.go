package provider

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
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
		err := handler(c)
		switch {
		case err == nil:
		case errors.Is(c.Request.Context().Err(), context.Canceled): // nobody waits for the answer
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
		p.log.ErrorContext(ctx, "request failed", "route", c.FullPath(), "error", answer.Code, "cause", err.Error())
	} else {
		p.log.InfoContext(ctx, "request refused", "route", c.FullPath(), "error", answer.Code, "cause", err.Error())
	}
	noStore(c)
	switch {
	case answer.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "5")
	case answer.Status == http.StatusTooManyRequests:
		c.Header("Retry-After", "60")
	case answer.Status == http.StatusUnauthorized, answer.Code == insufficientScope:
		c.Header("WWW-Authenticate", challenge(answer))
	}
	body := gin.H{}
	if answer.Code != "" {
		body = gin.H{"error": answer.Code, "error_description": answer.Description}
	}
	c.JSON(answer.Status, body)
}

// challenge tells a client how to authenticate, or what is wrong with its access token.
func challenge(answer *oauthError) string {
	switch answer.Code {
	case invalidClient:
		return `Basic realm="postern"`
	case "":
		return `Bearer realm="postern"`
	}
	return `Bearer realm="postern", error="` + answer.Code + `", error_description="` + answer.Description + `"`
}
