package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/templates"
)

// defaultPorts are the ports that an origin or a Host header may name or omit (RFC 9110 section 4.2.3).
var defaultPorts = map[string]string{"http": ":80", "https": ":443"}

// sameHost reports whether a Host header names the host of the issuer, with the default port or without.
func sameHost(host string, issuer *url.URL) bool {
	if issuer.Port() == "" {
		host = strings.TrimSuffix(host, defaultPorts[issuer.Scheme])
	}
	return strings.EqualFold(host, issuer.Host)
}

// ownHost refuses requests for a host other than the issuer's: a page under another name would set its cookies there.
func (a *app) ownHost(pages *templates.Pages) gin.HandlerFunc {
	own := a.cfg.IssuerURL()
	return func(c *gin.Context) {
		if sameHost(c.Request.Host, own) {
			return
		}
		c.Abort()
		view := templates.ErrorPage{
			Status: http.StatusMisdirectedRequest, Title: templates.T("error.address_title"),
			Message: templates.T("error.address", "Address", a.cfg.Issuer),
			LinkURL: a.cfg.Issuer + "/account", LinkText: templates.T("error.address_button"),
		}
		if err := pages.Render(c, view.Status, view); err != nil {
			a.log.ErrorContext(c.Request.Context(), "error page", "cause", err)
		}
	}
}

// findSite sets Sec-Fetch-Site from the Origin header for browsers that do not send it. Without it net/http.CrossOriginProtection compares
// only the hosts, and accepts a page of plain http on the same host as one of ours.
func findSite(issuer *url.URL) gin.HandlerFunc {
	return func(c *gin.Context) {
		header := c.Request.Header
		origin := header.Get("Origin")
		if origin == "" || header.Get("Sec-Fetch-Site") != "" {
			return
		}
		site := "cross-site"
		if u, err := url.Parse(origin); err == nil && u.Scheme == issuer.Scheme && sameHost(u.Host, issuer) {
			site = "same-origin"
		}
		header.Set("Sec-Fetch-Site", site)
	}
}

// crossOrigin refuses state-changing requests that another site makes a browser send. Exempt are the endpoints that clients call with
// credentials of their own, and the authorization and logout endpoints, to which clients may POST. The logout endpoint itself checks that
// the confirmation comes from its own page.
func crossOrigin(base string, pages *templates.Pages) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	for _, path := range []string{
		"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/userinfo", "/oauth2/auth", "/oauth2/par", "/oauth2/logout", "/oauth2/device_authorization",
		"/oauth2/register", "/oauth2/register/",
	} {
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
