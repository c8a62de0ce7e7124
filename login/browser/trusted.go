package browser

import (
	"net/http"
	"time"

	"github.com/postern-id/postern/login/account"
)

// TrustedBrowser returns the id of a browser in which somebody completed a sign-in within the last 90 days; empty for any other.
func (s *Sessions) TrustedBrowser(r *http.Request) string {
	return account.TrustedBrowser(s.store.Keyset(), s.jar.get(r, trustCookie), time.Now())
}

// Trust makes the browser a trusted one. The secret is what package account sealed for it.
func (s *Sessions) Trust(w http.ResponseWriter, secret string) { s.Set(w, trustCookie, secret) }

// Distrust makes the browser a stranger's again.
func (s *Sessions) Distrust(w http.ResponseWriter) { s.Clear(w, trustCookie) }
