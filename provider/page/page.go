package page

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Config is what pages need. Every field is required.
type Config struct {
	Issuer  string
	Clients *client.Registry
	SignIns SignIns
	Pages   *templates.Pages
	Log     *slog.Logger
}

// SignIns tells the pages who is signed in and which client a flow belongs to.
type SignIns interface {
	// Current returns the complete sign-in of the request's browser. Errors: [storage.ErrNotFound] if nobody is signed in with both factors.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// ClientOf returns the ID of the client of a flow, even when the flow is over; empty for a flow of another browser.
	ClientOf(r *http.Request, flow string) string
}

// Pages shows pages to people in place of an answer to the client.
type Pages struct {
	issuer  string
	clients *client.Registry
	signIns SignIns
	pages   *templates.Pages
	log     *slog.Logger
}

// New returns the pages.
func New(cfg Config) *Pages {
	return &Pages{issuer: cfg.Issuer, clients: cfg.Clients, signIns: cfg.SignIns, pages: cfg.Pages, log: cfg.Log}
}

// Error is a mistake in a request that is shown on a page, because no redirect URI is certain.
type Error struct {
	Refusal        *oauth.Refusal // for the log
	Title, Message templates.Text
	Received       string // the redirect URI that was sent
}

// Error implements error.
func (e *Error) Error() string { return e.Refusal.Sentence() }

// ErrOver says that the request in progress has expired, was answered already or belongs to another browser.
var ErrOver = errors.New("authorization request is over")

// Handle returns a handler that calls the given one and shows its error as a page. The error is an [Error], [ErrOver], an [oauth.Refusal] or any
// other.
func (p *Pages) Handle(handler func(*gin.Context) error) gin.HandlerFunc {
	show := templates.Handle(p.pages, p.log, publicError)
	return show(func(c *gin.Context) error {
		c.Request = oauth.WithCaller(c.Request)
		err := handler(c)
		var mistake *Error
		var refusal *oauth.Refusal
		switch {
		case errors.As(err, &mistake):
			view := templates.ErrorPage{Status: http.StatusBadRequest, Title: mistake.Title, Message: mistake.Message}
			if mistake.Received != "" {
				view.Details = []templates.Detail{{Label: templates.T("error.received"), Value: oauth.Clip(mistake.Received, 500)}}
			}
			oauth.LogRefusal(c, p.log, mistake.Refusal)
			return p.pages.Render(c, http.StatusBadRequest, view)
		case errors.Is(err, ErrOver):
			return p.Over(c, http.StatusBadRequest)
		case errors.As(err, &refusal) && oauth.RefusalOf(err) == refusal:
			if oauth.IsTryLater(err) {
				c.Header("Retry-After", oauth.RetryAfter(err))
			}
			oauth.LogRefusal(c, p.log, refusal)
			status, title, message := publicError(err)
			return p.pages.Render(c, status, templates.ErrorPage{Status: status, Title: title, Message: message})
		}
		return err
	})
}

// publicError returns what a page tells a person about an error.
func publicError(err error) (status int, title, message templates.Text) {
	switch refusal := oauth.RefusalOf(err); {
	case refusal.Code == oauth.ServerError:
		return 0, title, message
	case refusal.Status == http.StatusTooManyRequests:
		return refusal.Status, templates.T("error.busy_title"), templates.T("error.busy")
	case refusal.Code == oauth.TemporarilyUnavailable:
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	default:
		return refusal.Status, templates.T("error.link_title"), templates.T("error.link", "Description", refusal.Description)
	}
}
