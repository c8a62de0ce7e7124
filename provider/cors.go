package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// cors lets browser apps call an endpoint from the origins of their registered redirect URIs, without cookies
// (Fetch standard, section 3.2). The origin is compared with the registered ones, never reflected.
func (p *Provider) cors(c *gin.Context) {
	origin := c.GetHeader("Origin")
	if origin == "" {
		return
	}
	c.Writer.Header().Add("Vary", "Origin")
	if known, err := p.clients.KnowsOrigin(c.Request.Context(), origin); err == nil && known {
		c.Header("Access-Control-Allow-Origin", origin)
		c.Header("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce")
	}
}

// preflight answers the question of a browser before such a call.
func (p *Provider) preflight(c *gin.Context) {
	p.cors(c)
	if c.Writer.Header().Get("Access-Control-Allow-Origin") != "" {
		c.Header("Access-Control-Allow-Methods", "GET, POST")
		c.Header("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		c.Header("Access-Control-Max-Age", "600")
	}
	c.Status(http.StatusNoContent)
}
