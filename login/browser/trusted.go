package browser

import (
	"net/http"
	"time"

	"github.com/postern-id/postern/login/account"
)

// TrustedBrowser returns the id of a browser in which somebody completed a sign-in within the last 90 days, or "" for any other browser.
func (s *Sessions) TrustedBrowser(r *http.Request) string {
	return account.TrustedBrowser(s.store.Keyset(), s.jar.get(r, trustCookie), time.Now())
}

// Trust stores the cookie of a trusted browser. Its value comes from package account, which encrypts it.
func (s *Sessions) Trust(w http.ResponseWriter, secret string) { s.Set(w, trustCookie, secret) }

// Distrust deletes the cookie of a trusted browser.
func (s *Sessions) Distrust(w http.ResponseWriter) { s.Clear(w, trustCookie) }
