package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
)

// Every endpoint that reads a body answers another media type or character encoding with 415 (RFC 9110 section 15.5.16).
func TestBodiesOfOtherTypesAreUnsupported(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		made := w.registers()
		form, managed := w.request(w.web).Encode(), strings.TrimPrefix(made["registration_client_uri"].(string), issuer)
		const encoded, text = "application/x-www-form-urlencoded", "application/json"
		for path, e := range map[string]struct{ method, kind, body, code string }{
			"/oauth2/token": {http.MethodPost, encoded, form, invalidRequest}, "/oauth2/revoke": {http.MethodPost, encoded, form, invalidRequest},
			"/oauth2/introspect": {http.MethodPost, encoded, form, invalidRequest}, "/oauth2/par": {http.MethodPost, encoded, form, invalidRequest},
			"/oauth2/device_authorization": {http.MethodPost, encoded, form, invalidRequest}, "/userinfo": {http.MethodPost, encoded, form, invalidRequest},
			"/oauth2/auth": {http.MethodPost, encoded, form, ""}, "/oauth2/logout": {http.MethodPost, encoded, form, ""}, "/device": {http.MethodPost, encoded, form, ""},
			oauth.RegisterPath: {http.MethodPost, text, registrationText(t), client.InvalidMetadata},
			managed:            {http.MethodPut, text, registrationText(t, "client_id", made["client_id"]), client.InvalidMetadata},
		} {
			send := func(kind string) answer {
				r := httptest.NewRequest(e.method, path, strings.NewReader(e.body))
				r.Header.Set("Content-Type", kind)
				if path == managed {
					r.Header.Set("Authorization", "Bearer "+made["registration_access_token"].(string))
				}
				return w.do(r)
			}
			for _, kind := range []string{
				"", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/jwt", e.kind + "; charset=utf-16", e.kind + "; charset=iso-8859-1",
				e.kind + "; charset=", "*/*", e.kind + "+x", strings.Replace(encoded+text, e.kind, "", 1),
			} {
				a := send(kind)
				require.Equal(t, http.StatusUnsupportedMediaType, a.Code, "%s of %q: %s", path, kind, a.Body.String())
				if e.code != "" {
					requireError(t, a, http.StatusUnsupportedMediaType, e.code)
				}
			}
			for _, kind := range []string{e.kind, e.kind + "; charset=UTF-8", strings.ToUpper(e.kind) + `;charset="utf-8"`} {
				require.NotEqual(t, http.StatusUnsupportedMediaType, send(kind).Code, "%s of %q", path, kind)
			}
		}
	})
}

// If anybody may register a client, a page of any origin may as well. The answer is always JSON.
func TestRegistrationFromABrowser(t *testing.T) {
	for who, allowed := range map[registration.Policy]string{registration.Open: "*", registration.WithToken: ""} {
		t.Run(string(who), func(t *testing.T) {
			registering(t, who, func(t *testing.T, w *world) {
				ask := func(method, path, body string) answer {
					r := httptest.NewRequest(method, path, strings.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Origin", "https://anywhere.example")
					r.Header.Set("Sec-Fetch-Site", "cross-site")
					r.Header.Set("Access-Control-Request-Method", http.MethodPost)
					return w.do(r)
				}
				for _, path := range []string{oauth.RegisterPath, oauth.RegisterPath + "/x"} {
					a := ask(http.MethodOptions, path, "")
					require.Equal(t, http.StatusNoContent, a.Code)
					require.Equal(t, allowed, a.Header().Get("Access-Control-Allow-Origin"))
					require.Equal(t, allowed != "", strings.Contains(a.Header().Get("Access-Control-Allow-Headers"), "Content-Type"))
					require.Empty(t, a.Header().Get("Access-Control-Allow-Credentials"))
				}
				require.Equal(t, allowed != "", strings.Contains(ask(http.MethodOptions, oauth.RegisterPath+"/x", "").Header().Get("Access-Control-Allow-Methods"), "PUT"))
				good := ask(http.MethodPost, oauth.RegisterPath, registrationText(t))
				require.Equal(t, allowed, good.Header().Get("Access-Control-Allow-Origin"))
				require.Equal(t, who == registration.Open, good.Code == http.StatusCreated)
				require.NotNil(t, good.body)
				bad := ask(http.MethodPost, oauth.RegisterPath, "{")
				require.Equal(t, allowed, bad.Header().Get("Access-Control-Allow-Origin"), "the page can read what is wrong")
				require.NotNil(t, bad.body)
			})
		})
	}
}
