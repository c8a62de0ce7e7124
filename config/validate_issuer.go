package config

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

var (
	// hostName matches a domain name in lower case. Browsers and clients write hosts in lower case, and the issuer is
	// compared byte by byte.
	hostName = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

	// issuerPath matches a path without empty segments, a slash at the end, percent-encoding, or characters that a
	// router takes for wildcards.
	issuerPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)
)

// issuer requires what OIDC Discovery 1.0 section 3 and RFC 8414 section 2 do (an https URL without query and
// fragment), and that the URL is in normal form.
func (v *validator) issuer() {
	const setting, example = "issuer", "write it like https://id.example.com or https://example.com/id"
	raw := v.c.Issuer
	u, err := url.Parse(raw)
	right := rightSpelling(u)
	if err != nil || u.Host == "" || !strings.HasPrefix(raw, "https://") && !strings.HasPrefix(raw, "http://") {
		v.add(setting, "is not an absolute http or https URL", cmp.Or(right, example))
		return
	}
	if u.User != nil {
		v.add(setting, "contains a user name or a password", "remove everything up to the @")
	}
	if strings.Contains(raw, "?") {
		v.add(setting, "contains a query", "remove the ? and everything after it")
	}
	if strings.Contains(raw, "#") {
		v.add(setting, "contains a fragment", "remove the # and everything after it")
	}
	if !validHost(u) {
		v.add(setting, "has a host or a port that is not valid", cmp.Or(right,
			"use lower-case letters, digits, hyphens and dots (international names in their xn-- form), and a port from 1 to 65535"))
	} else if u.Port() == defaultPorts[u.Scheme] {
		v.add(setting, "contains the default port of its scheme, which browsers leave out", right)
	}
	switch path := u.EscapedPath(); {
	case strings.HasSuffix(path, "/"):
		v.add(setting, "ends with a slash", "remove it")
	case !issuerPath.MatchString(path) || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../"):
		v.add(setting, "has a path that cannot be routed", "use letters, digits, hyphens and dots between single slashes")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !v.c.InsecureHTTP {
		v.add(setting, "is plain http on a host that is not loopback",
			"use https, with tls.cert_file or a reverse proxy; insecure_http: true accepts it on a closed test network")
	}
}

// defaultPorts are the default ports of RFC 9110 section 4.2, which the normal form of a URL leaves out (section
// 4.2.3).
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// rightSpelling returns a hint with scheme, host and port as browsers write them, or "" if that would not make the URL
// valid.
func rightSpelling(u *url.URL) string {
	if u == nil || u.User != nil || u.Fragment != "" || u.RawQuery != "" || defaultPorts[u.Scheme] == "" {
		return ""
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String()
	} else if host, err = idna.Lookup.ToASCII(host); err != nil {
		return ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != defaultPorts[u.Scheme] {
		host += ":" + port
	}
	right := url.URL{Scheme: u.Scheme, Host: host, Path: strings.TrimRight(u.Path, "/")}
	if !validHost(&right) {
		return ""
	}
	return "write it as " + right.String()
}

// validHost reports whether host and port are complete and in normal form.
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

// isLoopback reports whether a host name or IP address stays on this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
