package browser

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// SecretLength is the length of every secret in a cookie or a mailed link: 32 bytes in base64url.
const SecretLength = 43

// Browser returns the SHA-256 hash of the cookie that identifies this browser. It sets the cookie if the browser does not have it yet.
func (s *Sessions) Browser(w http.ResponseWriter, r *http.Request) []byte {
	return storage.Hash(s.BrowserSecret(w, r))
}

// BrowserSecret returns the value of that cookie. It sets the cookie if the browser does not have it yet.
func (s *Sessions) BrowserSecret(w http.ResponseWriter, r *http.Request) string {
	if value := s.jar.get(r, browserCookie); len(value) == SecretLength {
		return value
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never returns an error: if it fails, crypto/rand crashes the program
	value := base64.RawURLEncoding.EncodeToString(secret)
	s.Set(w, browserCookie, value)
	// A second call for the same request must return the same value.
	r.AddCookie(&http.Cookie{Name: s.jar.name(browserCookie), Value: value})
	return value
}

// Visitor describes the browser that sent r to the rules about accounts. Its Flow is the id in the query, if that has the form of an id.
func (s *Sessions) Visitor(c *gin.Context) account.Visitor {
	address, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		address = netip.Addr{}
	}
	visitor := account.Visitor{
		ClientIP: address, Browser: templates.DescribeBrowser(c.Request.UserAgent()), TrustCookie: s.jar.get(c.Request, trustCookie),
	}
	if id := c.Query("flow"); storage.IsID(id) {
		visitor.Flow = id
	}
	return visitor
}
