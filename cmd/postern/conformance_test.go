package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestConformanceDocument follows docs/conformance.md command by command, with a small server in place of the suite.
func TestConformanceDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "conformance.md"))
	require.NoError(t, err)
	var commands []string
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		commands = append(commands, block[1])
	}
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		t.Parallel()
		r := newReader(t, db)
		var codes, rotation string
		for _, command := range commands {
			switch {
			case strings.HasPrefix(command, "postern serve"):
				r.serve(command)
			case strings.HasPrefix(command, "oathtool"):
				codes = command
			case strings.HasPrefix(command, "postern key rotate"):
				rotation = command
			default:
				r.run(command)
			}
		}
		require.NotNil(t, r.Visitor, "the document starts Postern")
		require.Regexp(t, `^\d{6}\n\d{6}\n$`, r.run(codes))
		r.usesStaticClients(codes)
		r.registersByItself()
		r.rotatesKeys(rotation)
		r.signsOut()
	})
}

// standardClaims are those of OIDC Core section 5.1.
var standardClaims = []string{
	"sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email",
	"email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", "updated_at",
}

// signsIn signs in on both pages with the credentials of the document.
func (r *reader) signsIn(codes string) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.folder, "users.jsonl"))
	require.NoError(r.t, err)
	var user struct{ Username, Password string }
	require.NoError(r.t, json.Unmarshal(text, &user))
	r.Fill("username", user.Username)
	r.Fill("password", user.Password)
	r.Submit("Continue")
	r.Fill("code", strings.Fields(r.run(codes))[0])
	r.Submit("Continue")
}

// usesStaticClients signs in once, and then does with each client what the plans do.
func (r *reader) usesStaticClients(codes string) {
	config := r.config("static.json")
	require.Equal(r.t, r.config("dynamic.json").Server, config.Server)
	r.Open(r.endpoint("authorization_endpoint") + "?" + r.request(config.Client.ID, "code", "prompt", "consent").Encode())
	r.signsIn(codes)
	first := r.redeems(config.Client, false, r.arrives("code").Get("code"))
	require.NotEmpty(r.t, r.redeems(config.Client2, false, r.asks(config.Client2.ID, "code", "prompt", "consent").Get("code"))["refresh_token"])
	r.redeems(config.ClientSecretPost, true, r.asks(config.ClientSecretPost.ID, "code", "prompt", "consent").Get("code"))

	fresh := r.token(config.Client, false, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"].(string)}})
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.endpoint("userinfo_endpoint"), nil)
	require.NoError(r.t, err)
	request.Header.Set("Authorization", "Bearer "+fresh["access_token"].(string))
	claims := r.json(request, nil)
	require.ElementsMatch(r.t, standardClaims, slices.Collect(maps.Keys(claims)))
	for name, value := range claims {
		require.NotContains(r.t, []any{nil, "", "null"}, value, name)
	}
	for _, responseType := range client.ResponseTypes() {
		said := r.asks(config.Client.ID, responseType)
		require.Equal(r.t, "a state", said.Get("state"))
		if code := said.Get("code"); code != "" {
			r.redeems(config.Client, false, code)
		}
	}
	object := unsignedObject(`{"state":"from the object"}`)
	require.Equal(r.t, "from the object", r.asks(config.Client.ID, "code", "request", object).Get("state"))
}

// token requests tokens from the token endpoint.
func (r *reader) token(c suiteClient, post bool, form url.Values) map[string]any {
	r.t.Helper()
	if post {
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.Secret)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.endpoint("token_endpoint"), strings.NewReader(form.Encode()))
	require.NoError(r.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !post {
		request.SetBasicAuth(c.ID, c.Secret)
	}
	return r.json(request, nil)
}

// redeems exchanges a code, without PKCE.
func (r *reader) redeems(c suiteClient, post bool, code string) map[string]any {
	r.t.Helper()
	tokens := r.token(c, post, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.callback()}})
	require.NotEmpty(r.t, tokens["id_token"])
	return tokens
}

// registersByItself registers clients as the dynamic plans do; the settings allow Postern to fetch the suite's documents.
func (r *reader) registersByItself() {
	config := r.config("dynamic.json")
	text, err := json.Marshal(map[string]any{
		"client_name": "Suite", "redirect_uris": []string{r.callback()}, "request_object_signing_alg": "none", "request_uris": []string{r.atSuite("/request")},
	})
	require.NoError(r.t, err)
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.endpoint("registration_endpoint"), bytes.NewReader(text))
	require.NoError(r.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+config.Client.InitialToken)
	registered := r.json(request, nil)
	require.Equal(r.t, config.Client.InitialToken, config.Client2.InitialToken)

	c := suiteClient{ID: registered["client_id"].(string), Secret: registered["client_secret"].(string)}
	said := r.asks(c.ID, "code", "request_uri", r.atSuite("/request"))
	require.Equal(r.t, "by reference", said.Get("state"))
	r.redeems(c, false, said.Get("code"))
}

// rotatesKeys makes a new signing key while the server runs, which soon signs with it and still publishes the old one.
func (r *reader) rotatesKeys(rotation string) {
	config := r.config("static.json")
	kid := func() string {
		head, _, _ := strings.Cut(r.asks(config.Client.ID, "id_token").Get("id_token"), ".")
		text, err := base64.RawURLEncoding.DecodeString(head)
		require.NoError(r.t, err)
		var header struct{ Kid string }
		require.NoError(r.t, json.Unmarshal(text, &header))
		return header.Kid
	}
	before := kid()
	require.Contains(r.t, r.run(rotation), "RS256")
	for begin := time.Now(); kid() == before; time.Sleep(100 * time.Millisecond) {
		require.Less(r.t, time.Since(begin), 20*time.Second)
	}
	var published []any
	for _, key := range r.get(r.endpoint("jwks_uri"))["keys"].([]any) {
		published = append(published, key.(map[string]any)["kid"])
	}
	require.Contains(r.t, published, before)
	require.Contains(r.t, published, kid())
}

// signsOut as the plans of logout do: the browser shows the suite's frame and comes back, and the suite is told.
func (r *reader) signsOut() {
	config, after := r.config("backchannel.json"), r.atSuite(r.path("post_logout_redirect"))
	r.asks(r.config("frontchannel.json").Client.ID, "id_token")
	hint := r.asks(config.Client.ID, "id_token").Get("id_token")
	r.Open(r.endpoint("end_session_endpoint") + "?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {after}, "state": {"a state"}}.Encode())
	require.Contains(r.t, r.Body(), `<iframe src="`+r.atSuite(r.path("frontchannel_logout"))+`?iss=`)
	r.Follow("Continue")
	require.Equal(r.t, after+"?state=a+state", r.URL())
	select {
	case token := <-r.told:
		require.NotEmpty(r.t, token)
	case <-time.After(20 * time.Second):
		require.Fail(r.t, "the suite is not told of the logout")
	}
}
