package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// requestLimit is how long one request may take. After that, its database statements are cancelled and the answer is 503.
const requestLimit = 15 * time.Second

// publicHandler is what the public listener serves, outermost first: request log, panics, security headers, host,
// cross-site requests, and then the web applications below the path of the issuer.
func (a *app) publicHandler(pages *templates.Pages, w webs) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	// Redirects of gin's own would honour X-Forwarded-Prefix from anybody.
	router.RedirectTrailingSlash = false
	router.RedirectFixedPath = false
	if err := router.SetTrustedProxies(prefixes(a.cfg.TrustedProxies)); err != nil {
		panic(err) // cannot fail: they were parsed as prefixes before
	}
	router.RemoteIPHeaders = []string{"X-Forwarded-For"} // the one that is documented
	top := headToo{router}
	top.GET("/livez", gin.WrapF(livez))
	top.GET("/readyz", gin.WrapF(a.readyz))
	router.NoRoute(pages.Headers, pages.NotFound)
	router.NoMethod(pages.Headers, pages.MethodNotAllowed)
	base := a.cfg.IssuerURL().Path
	// Documents are the same bytes for everybody, so nothing about the request is checked.
	w.provider.MountDocuments(router.Group(base, a.measure))
	site := headToo{router.Group(base,
		a.measure, findClientIP, templates.Recover(pages, a.log), pages.Headers, a.ownHost(pages), limitTime, findSite(a.cfg.IssuerURL()), crossOrigin(base, pages))}
	// Also for a host that is not the issuer's: the page about that needs them.
	pages.Mount(headToo{router.Group(base, a.measure, findClientIP, templates.Recover(pages, a.log))})
	w.login.Mount(site)
	w.self.Mount(site)
	w.consent.Mount(site)
	w.provider.Mount(site)
	return router
}

// prefixes returns the networks as gin takes them.
func prefixes(proxies []netip.Prefix) []string {
	texts := make([]string, len(proxies))
	for i, proxy := range proxies {
		texts[i] = proxy.String()
	}
	return texts
}

// headToo registers HEAD wherever GET is registered (RFC 9110 section 9.1); net/http omits the body.
type headToo struct{ gin.IRouter }

// GET implements gin.IRoutes.
func (r headToo) GET(path string, handlers ...gin.HandlerFunc) gin.IRoutes {
	r.HEAD(path, handlers...)
	return r.IRouter.GET(path, handlers...)
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
// A handler that refuses a request or fails logs it.
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

// findClientIP replaces the address of the connection by the client IP from the header of a trusted proxy, if there is one.
func findClientIP(c *gin.Context) { c.Request.RemoteAddr = net.JoinHostPort(c.ClientIP(), "0") }

func limitTime(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), requestLimit)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}
