package provider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// registering runs a test on every database with a provider at which apps can register.
func registering(t *testing.T, who registration.Policy, test func(*testing.T, *world)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		test(t, newWorld(t, db.Open(t), func(cfg *Config) { cfg.Registration = who }))
	})
}

// json sends a JSON text, with a bearer token unless that is empty.
func (w *world) json(method, path, token, text string) answer {
	r := httptest.NewRequest(method, strings.TrimPrefix(path, issuer), strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.do(r)
}

// registrationText returns the registration of the conformance suite with the pairs of names and values set; nil removes a member.
func registrationText(t testing.TB, pairs ...any) string {
	t.Helper()
	members := map[string]any{
		"client_name": "App", "grant_types": []string{"authorization_code"}, "response_types": []string{"code"}, "redirect_uris": []string{callback},
		"contacts": []string{"eve@example.test"}, "token_endpoint_auth_method": "client_secret_basic",
	}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(members, pairs[i].(string))
		}
	}
	text, err := json.Marshal(members)
	require.NoError(t, err)
	return string(text)
}

// registers registers an app and returns the answer.
func (w *world) registers(pairs ...any) map[string]any {
	w.t.Helper()
	a := w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(w.t, pairs...))
	require.Equal(w.t, http.StatusCreated, a.Code, a.Body.String())
	require.Equal(w.t, "no-store", a.Header().Get("Cache-Control"))
	return a.body
}

// adopt makes an app that registered itself the world's web client, with the user's consent.
func (w *world) adopt(registered map[string]any) {
	w.t.Helper()
	var err error
	w.web, err = w.clients.Client(w.t.Context(), registered["client_id"].(string))
	require.NoError(w.t, err)
	w.secret, _ = registered["client_secret"].(string)
	require.NoError(w.t, w.store.Consents.Add(w.t.Context(), w.user.ID, w.web.ID, storage.Access{Scopes: client.StandardScopes()}, time.Now()))
}

func (w *world) initial(uses int64, life time.Duration) string {
	w.t.Helper()
	_, text, err := w.clients.AddInitialToken(w.t.Context(), uses, life, operator, time.Now())
	require.NoError(w.t, err)
	require.Regexp(w.t, `^pst_it_[A-Za-z0-9_-]{43}$`, text)
	return text
}

// PD-13: with the policy closed, the endpoints do not exist.
func TestRegistrationIsClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.Equal(t, http.StatusNotFound, w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(t)).Code)
		require.Equal(t, http.StatusNotFound, w.json(http.MethodGet, oauth.RegisterPath+"/"+w.web.ID, "x", "").Code)
		require.NotContains(t, w.get("/.well-known/openid-configuration").body, "registration_endpoint")
	})
}

// PD-13: with the policy token, a registration needs an initial access token, which is valid for a number of clients and a time.
func TestRegistrationTakesAToken(t *testing.T) {
	registering(t, registration.WithToken, func(t *testing.T, w *world) {
		require.Equal(t, issuer+oauth.RegisterPath, w.get("/.well-known/openid-configuration").body["registration_endpoint"])
		token, late := w.initial(2, time.Hour), w.initial(1, time.Nanosecond)
		for name, wrong := range map[string]string{"none": "", "unknown": "pst_it_x", "expired": late, "another kind": "pst_at_x"} {
			a := w.json(http.MethodPost, oauth.RegisterPath, wrong, registrationText(t))
			require.Equal(t, http.StatusUnauthorized, a.Code, name)
			require.Contains(t, a.Header().Get("WWW-Authenticate"), "Bearer")
		}
		require.Equal(t, 3, w.events(audit.ClientRefused))
		require.Equal(t, http.StatusBadRequest, w.json(http.MethodPost, oauth.RegisterPath, token, `{}`).Code, "a refused registration does not use the token")
		for _, status := range []int{http.StatusCreated, http.StatusCreated, http.StatusUnauthorized} {
			require.Equal(t, status, w.json(http.MethodPost, oauth.RegisterPath, token, registrationText(t)).Code)
		}
		list, err := w.clients.InitialTokens(t.Context(), "", 10)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.NotContains(t, w.log.String(), token)
	})
}

// Of 50 apps that register at once with a token for one use, one is registered.
func TestRaceForAnInitialToken(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		edit := func(cfg *Config) { cfg.Registration = registration.WithToken }
		w := [2]*world{newWorld(t, db.Open(t), edit), joinWorld(t, db.Open(t), edit)}
		for range rounds(t) {
			before, err := w[0].clients.List(t.Context(), "", 1000)
			require.NoError(t, err)
			token, won := w[0].initial(1, time.Hour), 0
			for _, a := range all(w, func(w *world, i int) answer {
				r := httptest.NewRequest(http.MethodPost, oauth.RegisterPath, strings.NewReader(registrationText(t)))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+token)
				fromElsewhere()(r)
				return w.do(r)
			}) {
				if a.Code == http.StatusCreated {
					won++
					continue
				}
				require.Equal(t, http.StatusUnauthorized, a.Code, a.Body.String())
			}
			require.Equal(t, 1, won)
			after, err := w[0].clients.List(t.Context(), "", 1000)
			require.NoError(t, err)
			require.Len(t, after, len(before)+1)
		}
	})
}

// Members that are left out get the defaults of RFC 7591 and OIDC Registration, and the answer contains all of them.
func TestRegistrationDefaults(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		body := w.json(http.MethodPost, oauth.RegisterPath, "", `{"redirect_uris":["`+callback+`"],"client_name#de":"Anwendung","unheard":{"of":[1]}}`).body
		id := body["client_id"].(string)
		require.Regexp(t, `^pst_cs_`, body["client_secret"])
		require.Regexp(t, `^pst_rg_[A-Za-z0-9_-]{43}$`, body["registration_access_token"])
		require.Equal(t, issuer+oauth.RegisterPath+"/"+id, body["registration_client_uri"])
		require.InDelta(t, time.Now().Unix(), body["client_id_issued_at"], 60)
		for name, want := range map[string]any{
			"client_name": "app.example.test", "application_type": "web", "grant_types": []any{"authorization_code"}, "response_types": []any{"code"},
			"token_endpoint_auth_method": "client_secret_basic", "scope": strings.Join(client.StandardScopes(), " "),
			"id_token_signed_response_alg": "RS256", "subject_type": "public", "client_secret_expires_at": 0.0,
		} {
			require.Equal(t, want, body[name], name)
		}
		require.NotContains(t, body, "client_name#de")
		require.NotContains(t, body, "unheard")
		c, err := w.clients.Client(t.Context(), id)
		require.NoError(t, err)
		require.True(t, c.SelfRegistered)
		require.False(t, c.PKCERequired)
		require.Equal(t, client.ConsentAsk, c.Consent)
		require.Equal(t, client.TokenSealed, c.AccessTokenFormat)

		public := w.registers("token_endpoint_auth_method", "none")
		require.NotContains(t, public, "client_secret")
		require.NotContains(t, public, "client_secret_expires_at")
		native := w.registers("application_type", "native", "token_endpoint_auth_method", nil, "redirect_uris", []string{"com.example.app:/cb"})
		require.Equal(t, "none", native["token_endpoint_auth_method"])
		for _, body := range []map[string]any{public, native} {
			c, err = w.clients.Client(t.Context(), body["client_id"].(string))
			require.NoError(t, err)
			require.True(t, c.PKCERequired)
			require.True(t, c.Public())
		}
		require.Equal(t, 4, w.events(audit.ClientAdded)) // one of them is the world's web client
	})
}

// Where PKCE is required by default, an app that registers itself gets that default, and keeps it when it changes its registration.
func TestRegistrationWherePKCEIsRequired(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t), func(cfg *Config) { cfg.Registration, cfg.PKCERequired = registration.Open, true })
		body := w.registers()
		changed := w.json(http.MethodPut, body["registration_client_uri"].(string), body["registration_access_token"].(string),
			registrationText(t, "client_id", body["client_id"], "client_name", "Changed"))
		require.Equal(t, http.StatusOK, changed.Code, changed.Body.String())
		c, err := w.clients.Client(t.Context(), body["client_id"].(string))
		require.NoError(t, err)
		require.Equal(t, "Changed", c.Name)
		require.False(t, c.Public())
		require.True(t, c.PKCERequired)
	})
}

// PD-12, PD-16, PD-17: registrations that apps may not make.
func TestRegistrationRefuses(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		for name, text := range map[string]string{
			"no object":                   `[]`,
			"nothing":                     ``,
			"two":                         `{}{}`,
			"twice":                       `{"client_name":"a","client_name":"b","redirect_uris":["` + callback + `"]}`,
			"twice inside":                `{"jwks":{"keys":[{"kty":"RSA","kty":"EC"}]},"redirect_uris":["` + callback + `"]}`,
			"other case":                  `{"Redirect_uris":["` + callback + `"]}`,
			"too deep":                    `{"x":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`,
			"too long":                    `{"x":"` + strings.Repeat("x", 70<<10) + `"}`,
			"not UTF-8":                   "{\"client_name\":\"\xff\"}",
			"a number for a name":         registrationText(t, "client_name", 1),
			"a text for a list":           registrationText(t, "grant_types", "authorization_code"),
			"skipping consent":            registrationText(t, "consent", "skip"),
			"the operator's type":         registrationText(t, "client_type", "service"),
			"PKCE":                        registrationText(t, "require_pkce", false),
			"the form of tokens":          registrationText(t, "access_token_format", "jwt"),
			"another's audience":          registrationText(t, "audience", []string{"api"}),
			"an operator's claim":         registrationText(t, "claims", []string{"team"}),
			"an operator's scope":         registrationText(t, "scope", "openid admin"),
			"client credentials":          registrationText(t, "grant_types", []string{"client_credentials"}, "response_types", []string{}, "redirect_uris", []string{}),
			"both grants":                 registrationText(t, "grant_types", []string{"authorization_code", "client_credentials"}),
			"the password grant":          registrationText(t, "grant_types", []string{"password"}),
			"client_secret_jwt":           registrationText(t, "token_endpoint_auth_method", "client_secret_jwt"),
			"a secret in either place":    registrationText(t, "token_endpoint_auth_method", "client_secret"),
			"HMAC":                        registrationText(t, "id_token_signed_response_alg", "HS256"),
			"encryption":                  registrationText(t, "id_token_encrypted_response_alg", "RSA-OAEP"),
			"encrypted userinfo":          registrationText(t, "userinfo_encrypted_response_enc", "A128GCM"),
			"encrypted requests":          registrationText(t, "request_object_encryption_alg", "RSA-OAEP"),
			"an unknown application_type": registrationText(t, "application_type", "service"),
			"a native app with a secret":  registrationText(t, "application_type", "native"),
			"no response type":            registrationText(t, "response_types", []string{}),
			"a logo that is script":       registrationText(t, "logo_uri", "javascript:alert(1)"),
			"a logo that is data":         registrationText(t, "logo_uri", "data:image/png;base64,AA"),
			"a policy on this machine":    registrationText(t, "policy_uri", "http://localhost/"),
			"terms on a private network":  registrationText(t, "tos_uri", "https://10.0.0.1/"),
			"a logo of the cloud":         registrationText(t, "logo_uri", "https://169.254.169.254/latest"),
			"a logo at ::1":               registrationText(t, "logo_uri", "https://[::1]/"),
			"a mapped logo":               registrationText(t, "logo_uri", "https://[::ffff:127.0.0.1]/"),
			"a home page without TLS":     registrationText(t, "client_uri", "http://app.example.test/"),
			"both kinds of keys":          registrationText(t, "jwks", map[string]any{"keys": []any{}}, "jwks_uri", "https://app.example.test/jwks"),
		} {
			r := httptest.NewRequest(http.MethodPost, oauth.RegisterPath, strings.NewReader(text))
			r.Header.Set("Content-Type", "application/json")
			a := w.do(r)
			require.Equal(t, http.StatusBadRequest, a.Code, "%s: %s", name, a.Body)
			require.Equal(t, client.InvalidMetadata, a.body["error"], name)
			require.Regexp(t, `^[ !#-\[\]-~]+$`, a.body["error_description"], name)
		}
		count, err := w.store.Clients.CountSelfRegistered(t.Context(), 10)
		require.NoError(t, err)
		require.Zero(t, count)
	})
}

// The number of clients that an address can register in an hour is limited. Registrations with a token are not counted.
func TestRegistrationIsLimitedByAddress(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		for range clientsWithoutToken {
			w.registers()
		}
		require.Equal(t, http.StatusTooManyRequests, w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(t)).Code)
		require.Equal(t, http.StatusCreated, w.json(http.MethodPost, oauth.RegisterPath, w.initial(1, time.Hour), registrationText(t)).Code)
		require.Equal(t, http.StatusUnauthorized, w.json(http.MethodPost, oauth.RegisterPath, "pst_it_wrong", registrationText(t)).Code, "a wrong token is refused although none would be needed")
	})
}

// Unsigned ID tokens are neither announced nor accepted unless the operator wants them; a client that has them keeps them.
func TestUnsignedIDTokensAreOffByDefault(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		made := w.registers("id_token_signed_response_alg", client.AlgNone)
		id := made["client_id"].(string)
		w.clients = client.New(client.Config{Store: w.store, Audit: w.cfg.Audit})
		w.cfg.Clients, w.cfg.UnsignedIDTokens = w.clients, false
		w.start()
		require.NotContains(t, w.get("/.well-known/openid-configuration").body["id_token_signing_alg_values_supported"], client.AlgNone)
		w.refusesRegistration(client.InvalidMetadata, "id_token_signed_response_alg", client.AlgNone)

		c, err := w.clients.Client(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, client.AlgNone, c.IDTokenAlg)
		renamed := c.Metadata
		renamed.Name = "Another name"
		_, _, err = w.clients.Update(t.Context(), id, c.Version, renamed, operator, time.Now())
		require.NoError(t, err)

		for _, err := range []error{
			func() error {
				m := w.web.Metadata
				m.IDTokenAlg = client.AlgNone
				_, _, err := w.clients.Update(t.Context(), w.web.ID, w.web.Version, m, operator, time.Now())
				return err
			}(),
			func() error {
				m := w.web.Metadata
				m.IDTokenAlg = client.AlgNone
				_, _, err := w.clients.Add(t.Context(), client.Registration{Metadata: m}, operator, time.Now())
				return err
			}(),
		} {
			faults := client.Faults(err)
			require.Len(t, faults, 1)
			require.ErrorContains(t, faults[0], "clients.unsigned_id_tokens")
		}
	})
}
