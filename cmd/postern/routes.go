package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// requestLimit is how long one request may take: then the database is asked to stop and the answer is 503.
const requestLimit = 15 * time.Second

// publicHandler is what the public listener serves, outermost first: request log, panics, security headers, host,
// cross-site requests, and then the three web applications below the path of the issuer.
func (a *app) publicHandler(pages *templates.Pages, w webs) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	// Redirects of gin's own would honour X-Forwarded-Prefix from anybody.
	router.RedirectTrailingSlash = false
	router.RedirectFixedPath = false
	if err := router.SetTrustedProxies(prefixes(a.cfg.TrustedProxies)); err != nil {
		panic(err) // they were parsed as prefixes before
	}
	router.GET("/livez", gin.WrapF(livez))
	router.GET("/readyz", gin.WrapF(a.readyz))
	router.NoRoute(pages.Headers, pages.NotFound)
	router.NoMethod(pages.Headers, pages.MethodNotAllowed)
	base := a.cfg.IssuerURL().Path
	// Documents are the same bytes for everybody: nothing of the request matters, so nothing of it is looked at.
	w.provider.MountDocuments(router.Group(base, a.measure))
	site := router.Group(base,
		a.measure, findAddress, templates.Recover(pages, a.log), pages.Headers, a.ownHost(pages), limitTime, crossOrigin(base, pages))
	pages.Mount(site)
	w.login.Mount(site)
	w.consent.Mount(site)
	w.provider.Mount(site)
	return router
}

// opsHandler is what the operators' listener serves.
func (a *app) opsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", livez)
	mux.HandleFunc("GET /readyz", a.readyzDetail)
	mux.Handle("GET /metrics", a.metrics.handler())
	return mux
}

// measure measures the request. With log.level debug it logs it too: its route, never its path or query, which may hold secrets.
// What was refused and what failed is logged by whoever answers so.
func (a *app) measure(c *gin.Context) {
	start := time.Now()
	c.Next()
	took := time.Since(start)
	a.metrics.request(c.FullPath(), c.Request.Method, c.Writer.Status(), took)
	if !a.log.Enabled(c.Request.Context(), slog.LevelDebug) {
		return
	}
	a.log.LogAttrs(c.Request.Context(), slog.LevelDebug, "request",
		slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Int("status", c.Writer.Status()),
		slog.Duration("took", took), slog.String("address", audit.ShortAddress(c.Request.RemoteAddr)))
}

// findAddress puts the client's address in place of the connection's: from a trusted proxy's header if there is one.
func findAddress(c *gin.Context) { c.Request.RemoteAddr = net.JoinHostPort(c.ClientIP(), "0") }

// ownHost refuses requests for a host that is not the issuer's: a page under a foreign name would set its cookies there.
func (a *app) ownHost(pages *templates.Pages) gin.HandlerFunc {
	own := a.cfg.IssuerURL().Host
	return func(c *gin.Context) {
		if strings.EqualFold(c.Request.Host, own) {
			return
		}
		c.Abort()
		view := templates.ErrorPage{
			Status: http.StatusMisdirectedRequest, Title: templates.T("error.address_title"),
			Message: templates.T("error.address", "Address", a.cfg.Issuer),
		}
		if err := pages.Render(c, view.Status, view); err != nil {
			a.log.ErrorContext(c.Request.Context(), "error page", "cause", err)
		}
	}
}

func limitTime(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), requestLimit)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// crossOrigin refuses state-changing requests that another site makes a browser send. Exempt are the endpoints that
// clients call with credentials of their own, and those of authorization and of logout, to which clients may POST; the button of the
// page on which a person confirms a logout is looked at there.
func crossOrigin(base string, pages *templates.Pages) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/userinfo", "/oauth2/auth", "/oauth2/par", "/oauth2/logout", "/oauth2/device_authorization"} {
		protection.AddInsecureBypassPattern(base + path)
	}
	return func(c *gin.Context) {
		if protection.Check(c.Request) == nil {
			return
		}
		c.Abort()
		view := templates.ErrorPage{
			Status: http.StatusForbidden, Title: templates.T("error.cross_title"),
			Message: templates.T("error.cross"),
		}
		if err := pages.Render(c, view.Status, view); err != nil {
			c.Status(view.Status)
		}
	}
}
