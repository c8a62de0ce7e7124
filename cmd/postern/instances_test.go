package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/storage/storagetest"
)

// Browsers send the cookies of a host to each of its ports and paths: two issuers there do not interfere with each other in one browser.
func TestInstancesOnOneHost(t *testing.T) {
	for name, issuers := range map[string][2]string{
		"ports":          {"http://localhost:4280", "http://localhost:4290"},
		"ports, https":   {"https://id.example.test", "https://id.example.test:8443"},
		"paths":          {"https://id.example.test/staff", "https://id.example.test/guests"},
		"path and none":  {"https://id.example.test", "https://id.example.test/guests"},
		"port and paths": {"http://localhost:4290/a", "http://localhost:4290/b"},
	} {
		t.Run(name, func(t *testing.T) {
			network, byPath := browsertest.InProcess{}, map[string]http.Handler{}
			for _, issuer := range issuers {
				a := newTestApp(t, storagetest.SQLite(t), issuer)
				addAda(t, a)
				at := a.cfg.IssuerURL()
				byPath[at.Host+at.Path] = a.public
				network[at.Host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
					if handler := byPath[r.Host+"/"+first]; handler != nil {
						handler.ServeHTTP(w, r)
						return
					}
					byPath[r.Host].ServeHTTP(w, r)
				})
			}
			v := browsertest.NewVisitor(t, network)
			signedIn := func(issuer string) bool {
				v.Open(issuer + "/account")
				return strings.Contains(v.Text(), "Ada Example")
			}
			// Both sign-ins begin before one is complete.
			v.Open(issuers[0] + "/login?lang=de")
			v.Open(issuers[1] + "/login")
			require.Contains(t, v.Text(), "Password", "the language of the other is not this one's")
			for i, issuer := range issuers {
				v.Open(issuer + "/login?lang=en")
				signInAsAda(t, v, time.Now())
				require.True(t, signedIn(issuer))
				require.True(t, signedIn(issuers[0]), "after a sign-in at %s", issuers[i])
			}
			v.Open(issuers[1] + "/logout")
			v.Submit("Sign out")
			require.False(t, signedIn(issuers[1]))
			require.True(t, signedIn(issuers[0]))
		})
	}
}
