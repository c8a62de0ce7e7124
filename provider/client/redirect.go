package client

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const longestURI = 2048 // bytes

// MatchRedirectURI reports whether c has registered uri. It compares strings byte for byte (RFC 9700 section 2.1), except that a native client may
// vary the port of an http URI on a loopback IP literal (RFC 8252 section 7.3). A URI that cannot be registered never matches, even if it is in the
// database.
func MatchRedirectURI(c *Client, uri string) bool {
	if c == nil || redirectFault(c.Type, uri) != "" {
		return false
	}
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if c.Type != Native {
		return false
	}
	asked, ok := withoutPort(uri)
	return ok && slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		known, ok := withoutPort(registered)
		return ok && known == asked
	})
}

// withoutPort cuts the port out of an http URI on a loopback IP literal; ok is false for any other URI.
func withoutPort(uri string) (rest string, ok bool) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		tail, found := strings.CutPrefix(uri, host)
		if !found {
			continue
		}
		if port, isPort := strings.CutPrefix(tail, ":"); isPort {
			end := strings.IndexAny(port, "/?")
			if end < 0 {
				end = len(port)
			}
			if !validPort(port[:end]) {
				return "", false
			}
			tail = port[end:]
		}
		return host + tail, tail == "" || tail[0] == '/' || tail[0] == '?'
	}
	return "", false
}

// validPort reports whether port is a number from 1 to 65535, without leading zeros.
func validPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0 && strconv.FormatUint(number, 10) == port
}

var (
	// uriCharacters are those of RFC 3986 without "#", which begins a fragment, and "*", which reads as a pattern.
	uriCharacters = regexp.MustCompile(`^[A-Za-z0-9._~:/?\[\]@!$&'()+,;=%-]+$`)
	// privateScheme has the form of a domain name in reverse (RFC 8252 section 7.1).
	privateScheme = regexp.MustCompile(`^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+$`)
	hostName      = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
	// number matches hosts that browsers take for another spelling of an IPv4 address, such as 127.1 or 0x7f000001 (URL standard, "ends in a
	// number").
	number = regexp.MustCompile(`(^|\.)([0-9]+|0[xX][0-9A-Fa-f]*)$`)
)

// redirectFault says why a client of type t cannot register uri; empty if it can.
func redirectFault(t Type, uri string) string {
	u, fault := parseURI(uri)
	switch {
	case fault != "":
		return fault
	case u.Scheme == "https", u.Scheme == "http":
		return hostFault(u)
	case t == Native && privateScheme.MatchString(u.Scheme):
		if u.Opaque != "" || u.Host == "" && !strings.HasPrefix(u.Path, "/") {
			return "needs a slash after the scheme"
		}
		return ""
	case t == Native:
		return "must use https, http on a loopback address, or a scheme with a dot such as com.example.app"
	}
	return "must use https, or http on a loopback address"
}

// parseURI parses an absolute URI in ASCII, with its scheme in lower case, and without user information, fragment or pattern. Otherwise the text says
// what is wrong.
func parseURI(uri string) (*url.URL, string) {
	switch {
	case uri == "":
		return nil, "must not be empty"
	case len(uri) > longestURI:
		return nil, "must not be longer than " + strconv.Itoa(longestURI) + " bytes"
	case strings.Contains(uri, "#"):
		return nil, "must not have a fragment"
	case strings.Contains(uri, "*"):
		return nil, "must not contain *: redirect addresses are compared as they are, without patterns"
	case !uriCharacters.MatchString(uri):
		return nil, "contains a character that must be percent-encoded"
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return nil, "is not a URI"
	case u.Scheme == "" || !strings.HasPrefix(uri, u.Scheme+":"):
		return nil, "must begin with its scheme in small letters"
	case u.User != nil || strings.Contains(u.Host, "@"):
		return nil, "must not contain user information"
	}
	return u, ""
}

// webFault says why uri is not the URL of a web page; empty if it is.
func webFault(uri string) string {
	u, fault := parseURI(uri)
	switch {
	case fault != "":
		return fault
	case u.Scheme != "https" && u.Scheme != "http":
		return "must use https, or http on a loopback address"
	}
	return hostFault(u)
}

// hostFault says why an http or https URI cannot be registered; empty if it can.
func hostFault(u *url.URL) string {
	host := u.Hostname()
	address, err := netip.ParseAddr(host)
	isAddress := err == nil
	switch {
	case host == "":
		return "must name a host"
	case !isAddress && (!hostName.MatchString(host) || number.MatchString(host)), isAddress && address.Is6() != strings.HasPrefix(u.Host, "["), address.Zone() != "":
		return "does not name a valid host"
	case u.Port() != "" && !validPort(u.Port()), strings.HasSuffix(u.Host, ":"):
		return "has an invalid port"
	case u.Scheme == "http" && host != "localhost" && !(isAddress && address.IsLoopback()):
		return "must use https unless the host is localhost or a loopback address"
	}
	return ""
}

// Origin returns the origin of an http or https URI as browsers write it (RFC 6454 section 6.2); empty for any other URI.
func Origin(uri string) string {
	if webFault(uri) != "" {
		return ""
	}
	scheme, rest, _ := strings.Cut(uri, "://")
	host := strings.ToLower(rest)
	if end := strings.IndexAny(host, "/?"); end >= 0 {
		host = host[:end]
	}
	return scheme + "://" + strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
}
