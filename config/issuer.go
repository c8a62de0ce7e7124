package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
)

// IssuerURL returns the issuer as a new URL, which the caller may change. It panics if [Config.Validate] would refuse
// the issuer.
func (c Config) IssuerURL() *url.URL {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		panic("config: IssuerURL of an issuer that is not valid: " + err.Error())
	}
	return u
}

// Secure reports whether browsers reach Postern over https, so that cookies can be Secure and have the __Host- prefix.
// Like [Config.IssuerURL], it panics if the issuer is not valid.
func (c Config) Secure() bool {
	return c.IssuerURL().Scheme == "https"
}

// Instance returns the suffix of the cookies' names, which tells several issuers on one host apart: browsers send
// cookies to every port and, with the prefix __Host-, to every path (RFC 6265 section 8.5). It is empty for an issuer
// without port and path, and for the default issuer.
func (c Config) Instance() string {
	u := c.IssuerURL()
	if u.Port() == "" && u.Path == "" || c.Issuer == Default().Issuer {
		return ""
	}
	sum := sha256.Sum256([]byte(u.Port() + u.Path))
	return "_" + hex.EncodeToString(sum[:4])
}
