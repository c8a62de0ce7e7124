package templates

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// Headers is middleware for every answer of the public listener, redirects, JSON and errors included: no framing, no sniffing, no content
// allowed in what is not a page. Render replaces the policy by one for pages.
func (p *Pages) Headers(c *gin.Context) {
	h := c.Writer.Header()
	p.setCommon(h)
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
}

// setHeaders sets the headers of an HTML answer.
func (p *Pages) setHeaders(h http.Header, page Page) {
	p.setCommon(h)
	h.Set("Content-Security-Policy", contentPolicy(page))
	h.Set("Cache-Control", "no-store")
	// A page in the middle of an app's sign-in must keep its opener, or an app
	// that signs in through a popup never gets the result.
	if page.App.Name == "" {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
}

func (p *Pages) setCommon(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: browsers would then send "Origin: null" with a form and
	// net/http.CrossOriginProtection would have nothing to compare.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	if p.secure {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}

// contentPolicy is the Content-Security-Policy (CSP Level 3) of a page.
func contentPolicy(page Page) string {
	images := append([]string{"'self'"}, sources(append(page.logos, page.App.SafeLogo()))...)
	scripts, self := "'self'", []string{"'self'"}
	if page.nonce != "" {
		scripts, self = "'nonce-"+page.nonce+"'", nil
	}
	directives := []string{
		"default-src 'none'",
		"style-src 'self'",
		"script-src " + scripts,
		"img-src " + strings.Join(images, " "),
		// Chromium and Safari apply form-action to each redirect that follows
		// the form, so the app that gets the answer has to be listed.
		"form-action " + strings.Join(append(self, sources(page.FormTargets)...), " "),
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}
	if len(page.frames) > 0 {
		// A scheme alone would allow every host.
		frames := slices.DeleteFunc(sources(page.frames), func(source string) bool { return !strings.Contains(source, "//") })
		directives = append(directives, "frame-src "+strings.Join(frames, " "))
	}
	return strings.Join(directives, "; ")
}

// A scheme and a host as in the grammar of CSP Level 3, section 2.3.1.
// Anything else, above all ";" and ",", would let a client's registration
// add directives of its own.
var (
	schemeSource = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)
	hostSource   = regexp.MustCompile(`^[a-zA-Z0-9.-]+(:[0-9]+)?$`)
)

// sources reduces addresses to CSP sources: their origin, or only their scheme
// when they have no host (com.example.app:/callback) or one that CSP cannot
// express (an IPv6 address). Anything that is not a URL is left out.
func sources(addresses []string) []string {
	var out []string
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || !schemeSource.MatchString(u.Scheme) {
			continue
		}
		source := u.Scheme + ":"
		if hostSource.MatchString(u.Host) {
			source += "//" + u.Host
		}
		if !slices.Contains(out, source) {
			out = append(out, source)
		}
	}
	return out
}
