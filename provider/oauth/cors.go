package oauth

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// AllowClients lets browser apps call an endpoint from the origins of their registered redirect URIs (Fetch standard, section 3.2). The origin is
// compared with the registered ones, never reflected. The endpoint must read no cookie: a page may send its request with credentials, as keycloak-js
// does, and read the answer.
func (e *Endpoints) AllowClients(c *gin.Context) {
	origin := c.GetHeader("Origin")
	if origin == "" {
		return
	}
	c.Writer.Header().Add("Vary", "Origin")
	if known, err := e.clients.KnowsOrigin(c.Request.Context(), origin); err == nil && known {
		c.Header("Access-Control-Allow-Origin", origin)
		c.Header("Access-Control-Allow-Credentials", "true")
		c.Header("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce")
	}
}

// AllowAll lets pages of every origin call an endpoint that is public and reads no cookie.
func AllowAll(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
}

// Preflight returns the handler of the OPTIONS request that a browser sends before a call (Fetch standard, CORS-preflight fetch). It permits the
// methods to an origin that allow permits.
func Preflight(allow gin.HandlerFunc, methods string) gin.HandlerFunc {
	return func(c *gin.Context) {
		allow(c)
		if c.Writer.Header().Get("Access-Control-Allow-Origin") != "" {
			c.Header("Access-Control-Allow-Methods", methods)
			c.Header("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
			c.Header("Access-Control-Max-Age", "600")
		}
		c.Status(http.StatusNoContent)
	}
}
