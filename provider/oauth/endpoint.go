package oauth

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/templates"
)

// Config is what [Endpoints] needs. Every field is required.
type Config struct {
	Clients *client.Registry           // whose origins may call
	Nonce   func(now time.Time) string // returns the nonce for the next DPoP proof (RFC 9449 section 8)
	Log     *slog.Logger
}

// Endpoints makes the handlers of endpoints that clients call.
type Endpoints struct {
	clients *client.Registry
	nonce   func(time.Time) string
	log     *slog.Logger
}

// New returns Endpoints with this configuration.
func New(cfg Config) *Endpoints {
	return &Endpoints{clients: cfg.Clients, nonce: cfg.Nonce, log: cfg.Log}
}

// Post mounts an endpoint that clients call with POST, and lets browser apps call it as well.
func (e *Endpoints) Post(r gin.IRouter, path string, handler func(*gin.Context) error) {
	r.POST(path, e.AllowClients, e.Handle(handler))
	r.OPTIONS(path, Preflight(e.AllowClients, "GET, POST"))
}

// Handle returns a handler that calls the given one and answers its error as RFC 6749 section 5.2 and RFC 6750 section 3 say. The error may be any:
// see [RefusalOf].
func (e *Endpoints) Handle(handler func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request = WithCaller(c.Request)
		err := handler(c)
		switch {
		case err == nil:
		case templates.Gone(c, err):
			c.Status(499)
		default:
			e.fail(c, err)
		}
	}
}

// fail answers a request whose handler returned err, and logs the error.
func (e *Endpoints) fail(c *gin.Context, err error) {
	refusal := RefusalOf(err)
	if refusal.Status >= http.StatusInternalServerError {
		e.log.ErrorContext(c.Request.Context(), "request failed", "route", c.FullPath(), "rule", string(refusal.Rule), "error", refusal.Code,
			"cause", err.Error())
	} else {
		LogRefusal(c, e.log, refusal)
	}
	NoStore(c)
	if refusal.Code == UseDPoPNonce {
		c.Header("DPoP-Nonce", e.nonce(time.Now()))
	}
	switch {
	case refusal.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "5")
	case refusal.Status == http.StatusTooManyRequests:
		c.Header("Retry-After", RetryAfter(err))
	case refusal.Status == http.StatusUnauthorized, refusal.Code == InsufficientScope:
		for _, text := range challenges(err, refusal) {
			c.Writer.Header().Add("WWW-Authenticate", text)
		}
	}
	body := gin.H{}
	if refusal.Code != "" {
		body = gin.H{"error": refusal.Code, "error_description": refusal.Description}
	}
	c.JSON(refusal.Status, body)
}

// ResourceError is an error of a request to a protected resource. It is answered with a challenge of the scheme that the access token was sent with.
type ResourceError struct {
	Err     error
	ByProof bool // the scheme is DPoP: RFC 9449 section 7.1
}

// Error implements error.
func (e *ResourceError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ResourceError) Unwrap() error { return e.Err }

// challenges returns the values of WWW-Authenticate: how to authenticate, or what is wrong with the access token.
func challenges(err error, refusal *Refusal) []string {
	resource := new(ResourceError)
	bearer, proof := `Bearer realm="postern"`, `DPoP algs="`+strings.Join(client.SigningAlgs(), " ")+`"`
	fault := `, error="` + refusal.Code + `", error_description="` + refusal.Description + `"`
	switch atResource := errors.As(err, &resource); {
	case refusal.Code == InvalidClient:
		return []string{`Basic realm="postern"`}
	case refusal.Code == "": // RFC 9449 section 7.2: a challenge for each scheme
		return []string{bearer, proof}
	case atResource && resource.ByProof:
		return []string{proof + fault}
	case atResource:
		return []string{bearer + fault, proof}
	}
	return []string{bearer + fault}
}

// NoStore forbids caches to store the answer (RFC 6749 section 5.1).
func NoStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
}
