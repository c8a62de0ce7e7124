package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestOtherPagesInChromium shows the pages that the way of a newcomer does not lead to.
func TestOtherPagesInChromium(t *testing.T) {
	pages := newGallery(t)
	for name, options := range map[string]browsertest.Options{"light": {JavaScript: true}, "dark phone": {Dark: true, Width: 320}} {
		t.Run(name, func(t *testing.T) {
			a := newTestApp(t, storagetest.SQLite(t), "http://"+freeAddress(t))
			listenAndRun(t, a)
			addAda(t, a)
			line := `{"email":"eve@example.test","password":"` + adaPassword + `"}`
			_, err := a.accounts.Import(t.Context(), strings.NewReader(line), false, account.Operator{}, time.Now())
			require.NoError(t, err)
			b := browsertest.Start(t, options)

			b.Open(a.cfg.Issuer + "/login")
			b.Fill("username", "eve@example.test")
			b.Fill("password", adaPassword)
			b.Submit("Continue")
			require.Contains(t, b.Text(), "You need an invitation")
			pages.look(t, b, "01-invitation-needed")

			b.Open(a.cfg.Issuer + "/invite?ticket=" + strings.Repeat("x", 43))
			pages.look(t, b, "02-invitation-refused")

			id, _ := addClient(t, a, client.Native, "com.example.app:/callback", nil)
			form := authorizeParams(id)
			form.Set("redirect_uri", "com.example.app:/callback")
			b.Open(a.cfg.Issuer + "/oauth2/auth?" + form.Encode())
			b.Fill("username", "ada")
			b.Fill("password", adaPassword)
			b.Submit("Continue")
			b.Fill("code", browsertest.Code(t, adaURI, time.Now()))
			b.Submit("Continue")
			require.Contains(t, b.Text(), "asks for access")
			pages.look(t, b, "03-consent-of-a-native-app")

			flow, err := url.Parse(b.URL())
			require.NoError(t, err)
			b.Open(a.cfg.Issuer + "/login?" + flow.RawQuery)
			for range 11 {
				b.Fill("username", "nobody@example.test")
				b.Fill("password", "wrong")
				b.Submit("Continue")
			}
			require.Equal(t, 429, b.Status())
			pages.look(t, b, "04-too-many-tries")
		})
	}
}
