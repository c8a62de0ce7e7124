package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/oauth"
)

// without returns a fault for each of the names: the member is missing.
func without(body func(*outcome) map[string]any, names ...string) map[string]fault {
	plants := map[string]fault{}
	for _, name := range names {
		plants["no "+name] = func(o *outcome) { delete(body(o), name) }
	}
	return plants
}

func (p planter) inTokens() map[string]fault {
	body := func(o *outcome) map[string]any { return o.tokens.body }
	set := func(name string, value any) fault { return func(o *outcome) { o.tokens.body[name] = value } }
	plants := without(body, "access_token", "token_type", "expires_in", "id_token", "refresh_token")
	plants["another status"] = func(o *outcome) { o.tokens.Code = http.StatusCreated }
	plants["may be kept"] = func(o *outcome) { o.tokens.Header().Del("Cache-Control") }
	plants["no JSON"] = func(o *outcome) { o.tokens.Header().Set("Content-Type", "text/html") }
	plants["another type"] = set("token_type", "mac")
	plants["a life as text"] = set("expires_in", "600")
	plants["a member more"] = set("subject", "x")
	plants["a refresh token in two lines"] = set("refresh_token", "a\nb")
	plants["a refresh token that nobody asked for"] = func(o *outcome) { o.sent.Set("scope", strings.ReplaceAll(o.sent.Get("scope"), "offline_access", "")) }
	plants["no answer"] = func(o *outcome) { o.tokens = nil }
	return plants
}

func (p planter) inUserInfo() map[string]fault {
	last := func(o *outcome) map[string]any { return o.infos[len(o.infos)-1].body }
	plants := without(last, "sub", "name", "given_name", "middle_name", "birthdate", "updated_at", "email", "email_verified", "address", "phone_number",
		"phone_number_verified")
	for what, change := range map[string]map[string]any{
		"another sub": {"sub": "another"}, "null": {"nickname": nil}, "empty": {"nickname": ""}, "the text null": {"nickname": "null"},
		"a number for a text": {"nickname": 1}, "a claim more": {"groups": []any{"staff"}}, "a text for a number": {"updated_at": "2026-01-01"},
		"milliseconds": {"updated_at": 1.7e12}, "a fraction": {"updated_at": 1.5}, "another form of date": {"birthdate": "31.1.1990"},
		"a text for a yes": {"email_verified": "true"}, "a number for a yes": {"phone_number_verified": 1}, "an address in a line": {"address": "1 Road"},
		"an empty address": {"address": map[string]any{}}, "an empty line of the address": {"address": map[string]any{"country": ""}},
		"an unknown line of the address": {"address": map[string]any{"planet": "Earth"}}, "null in the address": {"address": map[string]any{"country": nil}},
	} {
		plants[what] = func(o *outcome) {
			for name, value := range change {
				last(o)[name] = value
			}
		}
	}
	plants["another status"] = func(o *outcome) { o.infos[0].Code = http.StatusUnauthorized }
	plants["no JSON"] = func(o *outcome) { o.infos[0].Header().Set("Content-Type", "application/jwt") }
	return plants
}

func (p planter) inDocuments() map[string]fault {
	about := func(o *outcome) map[string]any { return o.about.body }
	plants := without(about, "issuer", "token_endpoint_auth_methods_supported", "response_types_supported", "id_token_signing_alg_values_supported",
		"scopes_supported")
	plants["another auth method"] = func(o *outcome) { about(o)["token_endpoint_auth_methods_supported"] = []any{"private_key_jwt"} }
	key := func(old, changed string) fault {
		return func(o *outcome) {
			text := o.keys.Body.String()
			require.Contains(p.t, text, old)
			o.keys.Body.Reset()
			_, _ = o.keys.Body.WriteString(strings.ReplaceAll(text, old, changed))
		}
	}
	plants["a private key"] = key(`"kty":"RSA"`, `"kty":"RSA","d":"AQAB"`)
	plants["a symmetric key"] = key(`{"keys":[`, `{"keys":[{"kty":"oct","k":"AAAA","kid":"s","use":"sig","alg":"HS256"},`)
	plants["no kid"] = key(`"kid":`, `"id":`)
	plants["a doubled kid"] = key(`{"keys":[`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"s","use":"sig","alg":"EdDSA"},`+
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"s","use":"sig","alg":"EdDSA"},`)
	plants["a key that cannot be used"] = key(`"kty":"EC"`, `"kty":"DSA"`)
	plants["a key for something else"] = key(`"use":"sig"`, `"use":"enc"`)
	plants["no set"] = key(`{"keys"`, `{"key"`)
	return plants
}

// TestCheckerKnowsErrors plants faults into the answer to a request that is refused.
func TestCheckerKnowsErrors(t *testing.T) {
	test := func(r *run) {
		form := r.request("prompt", "bogus")
		refused := func() *outcome { return &outcome{client: r.web, sent: form, response: r.authorize(form)} }
		require.Empty(r.t, refused().refusals("invalid_request"))
		require.NotEmpty(r.t, refused().refusals("login_required"))
		for what, change := range map[string]func(url.Values){
			"no error": func(v url.Values) { v.Del("error") }, "another state": func(v url.Values) { v.Set("state", "x") },
			"another iss": func(v url.Values) { v.Set("iss", "x") }, "a code": func(v url.Values) { v.Set("code", "x") },
			"an error twice": func(v url.Values) { v.Add("error", "invalid_request") }, "a line break": func(v url.Values) { v.Set("error_description", "a\nb") },
			"a quotation mark": func(v url.Values) { v.Set("error_description", `"`) }, "a dash": func(v url.Values) { v.Set("error_description", "–") },
		} {
			o := refused()
			arrived, fault := o.arrived()
			require.Empty(r.t, fault)
			change(arrived)
			planter{r}.send(o, arrived)
			require.NotEmpty(r.t, o.refusals("invalid_request"), what)
		}
		o := refused()
		o.response.Code, o.response.location = http.StatusBadRequest, nil
		require.NotEmpty(r.t, o.refusals("invalid_request"), "a page")
	}
	planted(t, "code", test)
	planted(t, "id_token", test)
}

// TestCheckerKnowsRegistrations plants faults into the answer to a registration.
func TestCheckerKnowsRegistrations(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		good := w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(t))
		require.Empty(t, registrationFindings(good))
		for what, spoil := range map[string]func(*answer){
			"another status": func(a *answer) { a.Code = http.StatusOK }, "no JSON": func(a *answer) { a.Header().Set("Content-Type", "text/html") },
			"no id": func(a *answer) { delete(a.body, "client_id") }, "a secret without an end": func(a *answer) { delete(a.body, "client_secret_expires_at") },
			"an end of nothing": func(a *answer) { delete(a.body, "client_secret") }, "no token": func(a *answer) { delete(a.body, "registration_access_token") },
			"no address": func(a *answer) { delete(a.body, "registration_client_uri") },
			"http":       func(a *answer) { a.body["registration_client_uri"] = "http://id.example.test/x" },
			"one scope":  func(a *answer) { a.body["scope"] = "openid" },
		} {
			a := again(t, good)
			spoil(&a)
			require.NotEmpty(t, registrationFindings(a), what)
		}
	})
}
