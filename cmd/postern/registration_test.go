package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/storage/storagetest"
)

// pagesOf registers an app with one member more than it needs and shows the pages on which people sign in to it, and are asked for consent.
func pagesOf(t *testing.T, member, value string, look func(t *testing.T, page string)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		cfg := settings(t, db, "http://localhost:4280")
		cfg.ClientRegistration = "open"
		a := newTestAppOf(t, cfg)
		addAda(t, a)
		r := httptest.NewRequest(http.MethodPost, "http://localhost:4280/oauth2/register", strings.NewReader(
			`{"client_name":"Notes","redirect_uris":["http://localhost:4281/callback"],"`+member+`":"`+value+`"}`))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		a.public.ServeHTTP(answer, r)
		require.Equal(t, http.StatusCreated, answer.Code, answer.Body.String())
		var registered struct {
			ID string `json:"client_id"`
		}
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &registered))
		v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": a.public})
		v.Open("http://localhost:4280/oauth2/auth?" + authorizeParams(registered.ID).Encode())
		look(t, v.Body())
		signInAsAda(t, v, time.Now())
		require.Contains(t, v.URL(), "/consent?")
		look(t, v.Body())
	})
}

func TestOIDCCRegistrationLogoURI(t *testing.T) {
	pagesOf(t, "logo_uri", "https://notes.example.com/logo.png", func(t *testing.T, page string) {
		require.Contains(t, page, `<img src="https://notes.example.com/logo.png"`)
	})
}

func TestOIDCCRegistrationPolicyURI(t *testing.T) {
	pagesOf(t, "policy_uri", "https://notes.example.com/privacy", func(t *testing.T, page string) {
		require.Contains(t, page, `<a href="https://notes.example.com/privacy"`)
		require.Contains(t, page, "Privacy policy of ")
	})
}

func TestOIDCCRegistrationTOSURI(t *testing.T) {
	pagesOf(t, "tos_uri", "https://notes.example.com/terms", func(t *testing.T, page string) {
		require.Contains(t, page, `<a href="https://notes.example.com/terms"`)
		require.Contains(t, page, "Terms of service")
	})
}
