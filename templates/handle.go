package templates

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"
)

// SupportHeader is the header with the support code, which is also in the log.
const SupportHeader = "X-Support-Code"

// retryAfter is sent with 503, in seconds.
const retryAfter = "5"

// appKey is where ForApp keeps the app of a request.
const appKey = "postern.app"

// statusClientGone is for the request log only: nobody receives it.
const statusClientGone = 499

// ForApp records which app a request is about, so that an error page of this
// request can lead back to it.
func ForApp(c *gin.Context, app App) { c.Set(appKey, app) }

// Public translates the errors of a package: it returns a page with status, title and message for people, 503 for an outage, or status 0
// for an unknown error.
type Public func(error) (status int, title, message Text)

// Handle turns a page handler that returns an error into a gin handler. An
// error that public does not know becomes 500 and a general sentence. Every
// answer of 500 and above has a support code, in the page, in SupportHeader
// and, with the cause, in the log. A request that its client gave up is
// dropped without a log line.
func Handle(p *Pages, log *slog.Logger, public Public) func(func(*gin.Context) error) gin.HandlerFunc {
	return func(handler func(*gin.Context) error) gin.HandlerFunc {
		return func(c *gin.Context) {
			err := handler(c)
			if err == nil {
				return
			}
			c.Abort()
			if Gone(c, err) {
				c.Status(statusClientGone)
				return
			}
			var form *FormError
			if errors.As(err, &form) {
				p.answer(c, log, err, ErrorPage{Status: form.Status, Title: T("error.refused_title"), Message: form.Message}, p.fail)
				return
			}
			status, title, message := public(err)
			p.answer(c, log, err, ErrorPage{Status: status, Title: title, Message: message}, p.fail)
		}
	}
}

// Gone reports whether the client of a request that failed with err has gone
// away. A body that was too slow to arrive looks the same to net/http, but its
// sender still waits and gets an answer (RFC 9110 section 15.5.9).
func Gone(c *gin.Context, err error) bool {
	return errors.Is(c.Request.Context().Err(), context.Canceled) && !errors.Is(err, os.ErrDeadlineExceeded)
}

// Recover is middleware that answers a panic like an unknown error. The log
// gets the panic and its stack, and of the request only its route.
func Recover(p *Pages, log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			thrown := recover()
			if thrown == nil {
				return
			}
			if err, ok := thrown.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(thrown) // net/http's own way to end a connection
			}
			c.Abort()
			p.answer(c, log, fmt.Errorf("panic: %v\n%s", thrown, debug.Stack()), ErrorPage{}, p.failAny)
		}()
		c.Next()
	}
}

// answer logs err and hands page, completed where the translation left it
// empty, to send.
func (p *Pages) answer(c *gin.Context, log *slog.Logger, err error, page ErrorPage, send func(*gin.Context, ErrorPage)) {
	if page.Status == 0 {
		page = ErrorPage{
			Status:  http.StatusInternalServerError,
			Title:   T("error.ours_title"),
			Message: T("error.ours"),
		}
	}
	attrs := []any{"status", page.Status, "method", c.Request.Method, "route", c.FullPath(), "err", err}
	if page.Status < http.StatusInternalServerError {
		log.InfoContext(c.Request.Context(), "request refused", attrs...)
	} else {
		page.SupportCode = supportCode()
		c.Header(SupportHeader, page.SupportCode)
		log.ErrorContext(c.Request.Context(), "request failed", append(attrs, "support_code", page.SupportCode)...)
	}
	if c.Writer.Written() {
		return
	}
	if page.Status == http.StatusServiceUnavailable {
		c.Header("Retry-After", retryAfter)
	}
	if app, ok := c.Get(appKey); ok {
		page.App = app.(App)
	}
	send(c, page)
}

// fail answers with an error page.
func (p *Pages) fail(c *gin.Context, page ErrorPage) {
	if err := p.Render(c, page.Status, page); err != nil {
		p.setHeaders(c.Writer.Header(), page.Page)
		c.String(page.Status, "%s\n%s\n%s\n", p.English(page.Title), p.English(page.Message), page.SupportCode)
	}
}

// failAny is fail for URLs that may not be pages: a client that does not ask for HTML gets the JSON of RFC 6749 section 5.2.
func (p *Pages) failAny(c *gin.Context, page ErrorPage) {
	if strings.Contains(c.GetHeader("Accept"), "text/html") {
		p.fail(c, page)
		return
	}
	code := "invalid_request"
	if page.Status >= http.StatusInternalServerError {
		code = "server_error"
	}
	p.Headers(c)
	c.Header("Cache-Control", "no-store")
	c.JSON(page.Status, gin.H{"error": code, "error_description": p.English(page.Message)})
}

// supportCode is 40 random bits in base32, as "ABCD-EFGH".
func supportCode() string {
	text := rand.Text()
	return text[:4] + "-" + text[4:8]
}
