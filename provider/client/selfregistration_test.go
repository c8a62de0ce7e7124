package client_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

// Every new member of Metadata must be either for apps or for operators.
func TestEveryMemberIsForTheAppOrTheOperator(t *testing.T) {
	kind := reflect.TypeFor[client.Metadata]()
	for i := range kind.NumField() {
		name := kind.Field(i).Tag.Get("json")
		places := 0
		for _, list := range [][]string{client.SelfMembers, client.OperatorMembers} {
			if slices.Contains(list, name) {
				places++
			}
		}
		require.Equal(t, 1, places, name)
	}
}

// Reading a registration does not change the registered client, which other requests use.
func TestReadingARegistrationChangesNothing(t *testing.T) {
	before := client.Defaults(client.Web)
	before.Name, before.RedirectURIs = "App", []string{"https://app.example/cb"}
	age := int64(60)
	before.DefaultMaxAge, before.JWKS = &age, jwks(publicJWK(p256(), "1"))
	c := &client.Client{ID: "app", Metadata: before}
	kept, err := json.Marshal(c.Metadata)
	require.NoError(t, err)
	other, err := json.Marshal(map[string]any{
		"redirect_uris": []string{"https://other.example/cb"}, "scope": "email", "default_max_age": 5,
		"jwks": jwks(publicJWK(p256(), "2")), "grant_types": []string{"authorization_code"},
	})
	require.NoError(t, err)
	_, err = client.ReadRegistration(other, c)
	require.NoError(t, err)
	now, err := json.Marshal(c.Metadata)
	require.NoError(t, err)
	require.JSONEq(t, string(kept), string(now))
}

// No registration sets members that are for operators, and writing back a registration changes nothing.
func FuzzRegistration(f *testing.F) {
	for _, text := range []string{
		`{"redirect_uris":["https://app.example/cb"]}`, `{"redirect_uris":["com.example.app:/cb"],"application_type":"native"}`,
		`{"redirect_uris":["https://app.example/cb"],"grant_types":["implicit"],"response_types":["id_token"],"client_name":"A","scope":"openid"}`,
		`{"redirect_uris":["https://app.example/cb"],"token_endpoint_auth_method":"none","jwks":null,"contacts":["a"],"default_max_age":1}`,
		`{"redirect_uris":["https://app.example/cb"],"redirect_uris":[]}`, `{"Scope":"admin"}`, `{"consent":"skip"}`, `[]`, `{"jwks":{"keys":[{}]}}`,
		`{"redirect_uris":["https://app.example/cb"],"jwks":{"keys":[` + publicJWK(p256(), "1") + `]},"token_endpoint_auth_method":"private_key_jwt"}`,
		`{"redirect_uris":["https://app.example/cb"],"subject_type":"pairwise","logo_uri":"https://[::ffff:10.0.0.1]/","request_uris":["https://a.example/#x"]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		said, err := client.ReadRegistration(text, nil)
		if err != nil {
			require.NotEmpty(t, client.Faults(err), "%v", err)
			return
		}
		m := said.Metadata
		require.NoError(t, m.Validate())
		require.Equal(t, client.ConsentAsk, m.Consent)
		require.Equal(t, client.TokenSealed, m.AccessTokenFormat)
		require.Empty(t, m.Audience)
		require.Subset(t, client.StandardScopes(), []string(m.Scopes))
		require.NotContains(t, m.GrantTypes, client.GrantClient)
		require.True(t, m.PKCERequired || !m.Public())
		for _, uri := range []string{m.LogoURI, m.PolicyURI, m.TOSURI, m.ClientURI, m.InitiateLoginURI} {
			require.True(t, uri == "" || strings.HasPrefix(uri, "https://"), uri)
		}
		c := &client.Client{ID: "app", Metadata: m}
		shown, err := c.Registered()
		require.NoError(t, err)
		back, err := json.Marshal(shown)
		require.NoError(t, err)
		again, err := client.ReadRegistration(back, c)
		require.NoError(t, err, "%s", back)
		changed, err := again.Differences(m)
		require.NoError(t, err)
		require.Empty(t, changed)
		fresh, err := client.ReadRegistration(back, nil)
		require.NoError(t, err)
		changed, err = fresh.Differences(m)
		require.NoError(t, err)
		require.Empty(t, changed)
	})
}
