package client_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

// valid returns metadata that can be registered.
func valid(t client.Type) client.Metadata {
	m := client.Defaults(t)
	m.Name = "Wiki"
	if t != client.Service {
		m.RedirectURIs = []string{"https://app.example/cb"}
	}
	return m
}

func TestDefaults(t *testing.T) {
	for kind, want := range map[client.Type]string{ // members that are left out are empty
		client.Web: `{"client_type":"web", "grant_types":["authorization_code","refresh_token"], "response_types":["code"],
			"scope":"openid profile email address phone groups offline_access", "token_endpoint_auth_method":"client_secret",
			"id_token_signed_response_alg":"RS256", "consent":"ask", "access_token_format":"sealed",
			"subject_type":"public"}`,
		client.Service: `{"client_type":"service", "grant_types":["client_credentials"], "token_endpoint_auth_method":"client_secret",
			"id_token_signed_response_alg":"RS256", "consent":"ask", "access_token_format":"sealed",
			"subject_type":"public"}`,
	} {
		text, err := json.Marshal(client.Defaults(kind))
		require.NoError(t, err)
		var members map[string]any
		require.NoError(t, json.Unmarshal(text, &members))
		require.Len(t, members, len(client.Members()))
		maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil || value == "" || value == false })
		text, err = json.Marshal(members)
		require.NoError(t, err)
		require.JSONEq(t, want, string(text))
	}
	for _, kind := range []client.Type{client.SPA, client.Native} {
		m := client.Defaults(kind)
		require.True(t, m.Public())
		require.True(t, m.PKCERequired)
		require.Equal(t, client.Defaults(client.Web).GrantTypes, m.GrantTypes)
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	m := client.Defaults(client.Web)
	require.NoError(t, json.Unmarshal([]byte(`{"grant_types":["client_credentials"],"scope":"openid"}`), &m))
	m.GrantTypes[0], m.Scopes[0] = "spoiled", "spoiled"
	require.Equal(t, client.GrantCode, client.Defaults(client.Web).GrantTypes[0])
	require.Equal(t, "openid", client.StandardScopes()[0])
}

func TestScopesAsJSON(t *testing.T) {
	var m client.Metadata
	require.NoError(t, json.Unmarshal([]byte(`{"scope":" openid  profile "}`), &m))
	require.Equal(t, client.Scopes{"openid", "profile"}, m.Scopes)
	require.Error(t, json.Unmarshal([]byte(`{"scope":["openid"]}`), &m))
}

func TestValidMetadata(t *testing.T) {
	for name, change := range map[string]func(*client.Metadata){
		"everything": func(m *client.Metadata) {
			m.Name, m.Scopes = "Wiki – „Größe“ 🚪", client.Scopes{"openid", "wiki:read", "https://api.example/all"}
			m.PostLogoutRedirectURIs = []string{"https://app.example/bye"}
			m.ClientURI, m.LogoURI, m.PolicyURI = "https://app.example", "https://app.example/logo.png", "https://app.example/privacy"
			m.TOSURI, m.InitiateLoginURI = "https://app.example/terms", "https://app.example/login?x=1"
			m.Contacts, m.Audience = []string{"Ada <ada@example.test>"}, []string{"https://api.example", "api"}
			m.Consent, m.AccessTokenFormat, m.IDTokenAlg, m.PKCERequired = client.ConsentSkip, client.TokenJWT, "ES256", false
		},
		"secret in the form": func(m *client.Metadata) { m.AuthMethod = client.AuthPost },
		"private_key_jwt": func(m *client.Metadata) {
			m.AuthMethod, m.AuthSigningAlg, m.JWKS = client.AuthPrivateKey, "ES256", jwks(publicJWK(p256(), "1"))
		},
		"keys for nothing":               func(m *client.Metadata) { m.JWKS = jwks(publicJWK(p256(), "1")) },
		"public web client":              func(m *client.Metadata) { m.AuthMethod, m.PKCERequired = client.AuthNone, true },
		"client_credentials in addition": func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, client.GrantClient) },
		"client_credentials alone": func(m *client.Metadata) {
			m.GrantTypes, m.ResponseTypes, m.RedirectURIs = []string{client.GrantClient}, nil, nil
		},
		"code alone": func(m *client.Metadata) { m.GrantTypes = []string{client.GrantCode} },
	} {
		t.Run(name, func(t *testing.T) {
			m := valid(client.Web)
			change(&m)
			require.NoError(t, m.Validate())
		})
	}
	for _, kind := range []client.Type{client.Web, client.SPA, client.Native, client.Service} {
		require.NoError(t, valid(kind).Validate(), kind)
	}
}

func TestInvalidMetadata(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = "https://app.example/" + strings.Repeat("a", i+1)
	}
	for name, c := range map[string]struct {
		kind   client.Type
		change func(*client.Metadata)
		field  string
	}{
		"no type":                      {client.Web, func(m *client.Metadata) { m.Type = "" }, "client_type"},
		"unknown type":                 {client.Web, func(m *client.Metadata) { m.Type = "mobile" }, "client_type"},
		"no name":                      {client.Web, func(m *client.Metadata) { m.Name = "" }, "client_name"},
		"name of blanks":               {client.Web, func(m *client.Metadata) { m.Name = "  " }, "client_name"},
		"long name":                    {client.Web, func(m *client.Metadata) { m.Name = strings.Repeat("a", 256) }, "client_name"},
		"name of two lines":            {client.Web, func(m *client.Metadata) { m.Name = "a\nb" }, "client_name"},
		"name with NUL":                {client.Web, func(m *client.Metadata) { m.Name = "a\x00" }, "client_name"},
		"name that turns around":       {client.Web, func(m *client.Metadata) { m.Name = "a\u202egnip" }, "client_name"},
		"name that is not UTF-8":       {client.Web, func(m *client.Metadata) { m.Name = "a\xff" }, "client_name"},
		"contact of two lines":         {client.Web, func(m *client.Metadata) { m.Contacts = []string{"a\nb"} }, "contacts"},
		"empty contact":                {client.Web, func(m *client.Metadata) { m.Contacts = []string{""} }, "contacts"},
		"audience with a blank":        {client.Web, func(m *client.Metadata) { m.Audience = []string{"a b"} }, "audience"},
		"empty audience":               {client.Web, func(m *client.Metadata) { m.Audience = []string{""} }, "audience"},
		"claim of the protocol":        {client.Web, func(m *client.Metadata) { m.Claims = []string{"team", "nonce"} }, "claims"},
		"claim in other letters":       {client.Web, func(m *client.Metadata) { m.Claims = []string{"Sub"} }, "claims"},
		"standard claim":               {client.Web, func(m *client.Metadata) { m.Claims = []string{"phone_number"} }, "claims"},
		"claim with a blank":           {client.Web, func(m *client.Metadata) { m.Claims = []string{"a b"} }, "claims"},
		"empty claim":                  {client.Web, func(m *client.Metadata) { m.Claims = []string{""} }, "claims"},
		"claim twice":                  {client.Web, func(m *client.Metadata) { m.Claims = []string{"team", "team"} }, "claims"},
		"scope with a quote":           {client.Web, func(m *client.Metadata) { m.Scopes = client.Scopes{`a"b`} }, "scope"},
		"scope not in ASCII":           {client.Web, func(m *client.Metadata) { m.Scopes = client.Scopes{"ä"} }, "scope"},
		"standard scope in capitals":   {client.Web, func(m *client.Metadata) { m.Scopes = client.Scopes{"OPENID"} }, "scope"},
		"scope twice":                  {client.Web, func(m *client.Metadata) { m.Scopes = client.Scopes{"openid", "openid"} }, "scope"},
		"logo by script":               {client.Web, func(m *client.Metadata) { m.LogoURI = "javascript:alert(1)" }, "logo_uri"},
		"logo in data":                 {client.Web, func(m *client.Metadata) { m.LogoURI = "data:image/png;base64,AA==" }, "logo_uri"},
		"policy over http":             {client.Web, func(m *client.Metadata) { m.PolicyURI = "http://app.example/p" }, "policy_uri"},
		"terms with user info":         {client.Web, func(m *client.Metadata) { m.TOSURI = "https://a@app.example" }, "tos_uri"},
		"relative home page":           {client.Web, func(m *client.Metadata) { m.ClientURI = "/" }, "client_uri"},
		"login of a private scheme":    {client.Native, func(m *client.Metadata) { m.InitiateLoginURI = "com.example.app:/login" }, "initiate_login_uri"},
		"no grants":                    {client.Web, func(m *client.Metadata) { m.GrantTypes = nil }, "grant_types"},
		"password grant":               {client.Web, func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, "password") }, "grant_types"},
		"implicit grant":               {client.Web, func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, "implicit") }, "response_types"},
		"implicit response without it": {client.Web, func(m *client.Metadata) { m.ResponseTypes = []string{"code", "code id_token"} }, "response_types"},
		"implicit to plain http": {client.Web, func(m *client.Metadata) {
			m.GrantTypes, m.ResponseTypes = append(m.GrantTypes, "implicit"), append(m.ResponseTypes, "id_token")
			m.RedirectURIs = []string{"http://app.example/cb"}
		}, "redirect_uris"},
		"implicit native app": {client.Native, func(m *client.Metadata) {
			m.GrantTypes, m.ResponseTypes = append(m.GrantTypes, "implicit"), append(m.ResponseTypes, "id_token")
			m.RedirectURIs = []string{"https://app.example.test/cb"}
		}, "grant_types"},
		"grant twice": {client.Web, func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, client.GrantCode) }, "grant_types"},
		"refresh without code": {client.Web, func(m *client.Metadata) {
			m.GrantTypes, m.ResponseTypes, m.RedirectURIs = []string{client.GrantRefresh}, nil, nil
		}, "grant_types"},
		"service with code":          {client.Service, func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, client.GrantCode) }, "grant_types"},
		"token in the front channel": {client.Web, func(m *client.Metadata) { m.ResponseTypes = []string{"code", "token"} }, "response_types"},
		"response without grant":     {client.Service, func(m *client.Metadata) { m.ResponseTypes = []string{"code"} }, "response_types"},
		"grant without response":     {client.Web, func(m *client.Metadata) { m.ResponseTypes = nil }, "response_types"},
		"unknown method":             {client.Web, func(m *client.Metadata) { m.AuthMethod = "tls_client_auth" }, "token_endpoint_auth_method"},
		"client_secret_jwt":          {client.Web, func(m *client.Metadata) { m.AuthMethod = "client_secret_jwt" }, "token_endpoint_auth_method"},
		"spa with a secret":          {client.SPA, func(m *client.Metadata) { m.AuthMethod = client.AuthBasic }, "token_endpoint_auth_method"},
		"native with a secret":       {client.Native, func(m *client.Metadata) { m.AuthMethod = client.AuthPost }, "token_endpoint_auth_method"},
		"service without proof":      {client.Service, func(m *client.Metadata) { m.AuthMethod = client.AuthNone }, "token_endpoint_auth_method"},
		"public for itself":          {client.SPA, func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, client.GrantClient) }, "token_endpoint_auth_method"},
		"public without PKCE":        {client.SPA, func(m *client.Metadata) { m.PKCERequired = false }, "require_pkce"},
		"unsigned ID token": {client.Web, func(m *client.Metadata) {
			m.IDTokenAlg, m.GrantTypes, m.ResponseTypes = "none", append(m.GrantTypes, "implicit"), append(m.ResponseTypes, "id_token")
		}, "id_token_signed_response_alg"},
		"pairwise without a sector": {client.Web, func(m *client.Metadata) {
			m.SubjectType, m.RedirectURIs = client.SubjectPairwise, []string{"https://a.example/cb", "https://b.example/cb"}
		}, "sector_identifier_uri"},
		"sector over plain http": {client.Web, func(m *client.Metadata) { m.SectorIdentifierURI = "http://localhost/s" }, "sector_identifier_uri"},
		"unknown subject type":   {client.Web, func(m *client.Metadata) { m.SubjectType = "sector" }, "subject_type"},
		"keys twice": {client.Web, func(m *client.Metadata) {
			m.JWKS, m.JWKSURI = jwks(publicJWK(p256(), "1")), "https://app.example/jwks"
		}, "jwks_uri"},
		"keys over plain http":         {client.Web, func(m *client.Metadata) { m.JWKSURI = "http://app.example/jwks" }, "jwks_uri"},
		"keys from a file":             {client.Web, func(m *client.Metadata) { m.JWKSURI = "file:///etc/passwd" }, "jwks_uri"},
		"unsigned required object":     {client.Web, func(m *client.Metadata) { m.RequireSignedRequestObject, m.RequestObjectAlg = true, "none" }, "request_object_signing_alg"},
		"request from a file":          {client.Web, func(m *client.Metadata) { m.RequestURIs = []string{"file:///etc/passwd#x"} }, "request_uris"},
		"negative age":                 {client.Web, func(m *client.Metadata) { m.DefaultMaxAge = new(int64); *m.DefaultMaxAge = -1 }, "default_max_age"},
		"frame of another host":        {client.Web, func(m *client.Metadata) { m.FrontchannelLogoutURI = "https://other.example/bye" }, "frontchannel_logout_uri"},
		"frame of another port":        {client.Web, func(m *client.Metadata) { m.FrontchannelLogoutURI = "https://app.example:8443/bye" }, "frontchannel_logout_uri"},
		"frame of another scheme":      {client.Web, func(m *client.Metadata) { m.FrontchannelLogoutURI = "http://app.example/bye" }, "frontchannel_logout_uri"},
		"frame of a script":            {client.Web, func(m *client.Metadata) { m.FrontchannelLogoutURI = "javascript:x" }, "frontchannel_logout_uri"},
		"frame with a fragment":        {client.Web, func(m *client.Metadata) { m.FrontchannelLogoutURI = "https://app.example/bye#x" }, "frontchannel_logout_uri"},
		"frame of a service":           {client.Service, func(m *client.Metadata) { m.FrontchannelLogoutURI = "https://app.example/bye" }, "frontchannel_logout_uri"},
		"logout over plain http":       {client.Web, func(m *client.Metadata) { m.BackchannelLogoutURI = "http://app.example/bye" }, "backchannel_logout_uri"},
		"logout with a fragment":       {client.Web, func(m *client.Metadata) { m.BackchannelLogoutURI = "https://app.example/bye#x" }, "backchannel_logout_uri"},
		"logout by mail":               {client.Web, func(m *client.Metadata) { m.BackchannelLogoutURI = "mailto:bye@app.example" }, "backchannel_logout_uri"},
		"HMAC-signed userinfo":         {client.Web, func(m *client.Metadata) { m.UserInfoAlg = "HS256" }, "userinfo_signed_response_alg"},
		"HMAC-signed ID token":         {client.Web, func(m *client.Metadata) { m.IDTokenAlg = "HS256" }, "id_token_signed_response_alg"},
		"no ID token algorithm":        {client.Web, func(m *client.Metadata) { m.IDTokenAlg = "" }, "id_token_signed_response_alg"},
		"unsigned assertion":           {client.Web, func(m *client.Metadata) { m.AuthSigningAlg = "none" }, "token_endpoint_auth_signing_alg"},
		"assertion without its method": {client.Web, func(m *client.Metadata) { m.AuthSigningAlg = "ES256" }, "token_endpoint_auth_signing_alg"},
		"private_key_jwt without keys": {client.Web, func(m *client.Metadata) { m.AuthMethod = client.AuthPrivateKey }, "jwks"},
		"unknown consent":              {client.Web, func(m *client.Metadata) { m.Consent = "never" }, "consent"},
		"unknown token format":         {client.Web, func(m *client.Metadata) { m.AccessTokenFormat = "opaque" }, "access_token_format"},
		"no redirect URI":              {client.Web, func(m *client.Metadata) { m.RedirectURIs = nil }, "redirect_uris"},
		"redirect URI twice":           {client.Web, func(m *client.Metadata) { m.RedirectURIs = append(m.RedirectURIs, m.RedirectURIs...) }, "redirect_uris"},
		"too many redirect URIs":       {client.Web, func(m *client.Metadata) { m.RedirectURIs = many }, "redirect_uris"},
		"redirect URI of a service":    {client.Service, func(m *client.Metadata) { m.RedirectURIs = []string{"https://app.example/cb"} }, "redirect_uris"},
		"logout by script":             {client.Web, func(m *client.Metadata) { m.PostLogoutRedirectURIs = []string{"javascript:x"} }, "post_logout_redirect_uris"},
	} {
		t.Run(name, func(t *testing.T) {
			m := valid(c.kind)
			c.change(&m)
			faults := client.Faults(m.Validate())
			require.NotEmpty(t, faults)
			require.Equal(t, c.field, faults[0].Field)
			code := client.InvalidMetadata
			if c.field == "redirect_uris" {
				code = client.InvalidRedirectURI
			}
			require.Equal(t, code, faults[0].Code)
			require.NotEmpty(t, faults[0].Message)
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	m := valid(client.Web)
	m.Name, m.Consent, m.RedirectURIs = "", "", []string{"http://app.example", "ftp://app.example"}
	err := m.Validate()
	require.Len(t, client.Faults(err), 4)
	var first *client.MetadataError
	require.ErrorAs(t, err, &first)
	require.Empty(t, client.Faults(nil))
	require.Empty(t, client.Faults(json.Unmarshal(nil, &m)))
}

func TestDifferences(t *testing.T) {
	a := valid(client.Web)
	b := valid(client.Web)
	changed, err := a.Differences(b)
	require.NoError(t, err)
	require.Empty(t, changed)

	// Empty and missing lists are equal, and so are key sets with different blanks.
	a.Contacts, b.Contacts = nil, []string{}
	a.JWKS, b.JWKS = json.RawMessage(`{"keys": [ ]}`), json.RawMessage(`{"keys":[]}`)
	changed, err = a.Differences(b)
	require.NoError(t, err)
	require.Empty(t, changed)

	b.Name, b.PKCERequired, b.Scopes, b.JWKS = "Other", true, client.Scopes{"openid"}, nil
	for _, pair := range [][2]client.Metadata{{a, b}, {b, a}} {
		changed, err = pair[0].Differences(pair[1])
		require.NoError(t, err)
		require.Equal(t, []string{"client_name", "jwks", "require_pkce", "scope"}, changed)
	}
}
