package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	// hostName is a lower-case domain name. Browsers and clients write hosts in lower case, and the issuer is compared
	// byte for byte.
	hostName = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

	// issuerPath is a path without empty segments, a slash at the end, escapes, and signs that a router reads as
	// wildcards.
	issuerPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)
)

// issuer checks OIDC Discovery 1.0 section 3 (an https URL without query and fragment) and RFC 8414 section 2, and
// that there is only one way to write it.
func (v *validator) issuer() {
	const setting, example = "issuer", "write it like https://id.example.com or https://example.com/id"
	raw := v.c.Issuer
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || !strings.HasPrefix(raw, "https://") && !strings.HasPrefix(raw, "http://") {
		v.add(setting, "is not an absolute http or https URL", example)
		return
	}
	if u.User != nil {
		v.add(setting, "contains a user name or a password", "remove everything up to the @")
	}
	if strings.Contains(raw, "?") {
		v.add(setting, "contains a query", "remove the ? and what follows it")
	}
	if strings.Contains(raw, "#") {
		v.add(setting, "contains a fragment", "remove the # and what follows it")
	}
	if !validHost(u) {
		v.add(setting, "has a host or a port that is not valid",
			"use lower-case letters, digits, hyphens and dots (international names in their xn-- form), and a port from 1 to 65535")
	}
	switch path := u.EscapedPath(); {
	case strings.HasSuffix(path, "/"):
		v.add(setting, "ends with a slash", "remove it")
	case !issuerPath.MatchString(path) || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../"):
		v.add(setting, "has a path that cannot be routed", "use letters, digits, hyphens and dots between single slashes")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !v.c.InsecureHTTP {
		v.add(setting, "is plain http on a host that is not loopback",
			"use https, by tls.cert_file or by a reverse proxy; insecure_http: true accepts it on a closed test network")
	}
}

// validHost says that host and port are complete and in normal form.
func validHost(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return false
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		return addr.Zone() == "" && addr.String() == u.Hostname()
	}
	return hostName.MatchString(u.Hostname())
}

// isLoopback says that a host name or address cannot leave the machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
