package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestOtherPagesInChromium visits the pages that are rarely seen: those for a forgotten password and for unusual apps.
func TestOtherPagesInChromium(t *testing.T) {
	pages := newGallery(t)
	for name, options := range map[string]browsertest.Options{"light": {JavaScript: true}, "dark phone": {Dark: true, Width: 320}} {
		t.Run(name, func(t *testing.T) {
			a := newTestApp(t, storagetest.SQLite(t), "http://"+freeAddress(t))
			listenAndRun(t, a)
			addAda(t, a)
			b := browsertest.Start(t, options)

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
			pages.look(t, b, "01-consent-of-a-native-app")

			form.Set("prompt", "login")
			b.Open(a.cfg.Issuer + "/oauth2/auth?" + form.Encode())
			for range 11 {
				b.Fill("username", "nobody@example.test")
				b.Fill("password", "wrong")
				b.Submit("Continue")
			}
			require.Equal(t, 429, b.Status())
			pages.look(t, b, "02-too-many-tries")
		})
	}
}
