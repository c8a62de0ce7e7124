package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
)

// hybrid registers a client for every response type as the world's web client.
func (w *world) hybrid() *client.Client {
	w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
		m.RedirectURIs, m.Consent, m.PKCERequired = []string{callback}, client.ConsentSkip, false
		m.AuthMethod = client.AuthBasic // as conformance suites register
		m.GrantTypes = append(m.GrantTypes, client.GrantImplicit)
		m.ResponseTypes = client.ResponseTypes()
	})
	return w.web
}

// send runs an authorization request that needs no page, and returns the parameters of the answer, which must be in the right place.
func (w *world) send(c *client.Client, types, mode string, pairs ...string) url.Values {
	w.t.Helper()
	a := w.authorize(w.request(c, slices.Concat([]string{"response_type", types, "response_mode", mode}, pairs)...))
	return w.parameters(a, mode)
}

func (w *world) parameters(a answer, mode string) url.Values {
	w.t.Helper()
	if mode == oauth.ModeFormPost {
		require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
		require.Nil(w.t, a.location)
		return hiddenFields(w.t, a.Body.String(), callback)
	}
	require.Equal(w.t, http.StatusSeeOther, a.Code, a.Body.String())
	require.True(w.t, strings.HasPrefix(a.location.String(), callback), a.location.String())
	if mode == oauth.ModeQuery {
		require.Empty(w.t, a.location.Fragment)
		return a.query
	}
	require.Empty(w.t, a.location.RawQuery)
	parameters, err := url.ParseQuery(a.location.EscapedFragment())
	require.NoError(w.t, err)
	return parameters
}

// hiddenFields reads the hidden fields of a form, which must be posted to action.
func hiddenFields(t testing.TB, page, action string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	fields := url.Values{}
	for n := range doc.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		if n.Data == "form" {
			require.Equal(t, action, attributes["action"])
		}
		if n.Data == "input" {
			fields.Add(attributes["name"], attributes["value"])
		}
	}
	return fields
}

// Each response type returns its parameters in each mode, and all of them work (OIDC Core section 3, appendix A).
func TestResponseTypes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hybrid()
		for types, want := range map[string][]string{
			"code":                {"code"},
			"id_token":            {"id_token"},
			"id_token token":      {"access_token", "id_token"},
			"token id_token":      {"access_token", "id_token"},
			"code id_token":       {"code", "id_token"},
			"code token":          {"access_token", "code"},
			"token id_token code": {"access_token", "code", "id_token"},
		} {
			for _, mode := range []string{oauth.ModeFragment, oauth.ModeFormPost} {
				got := w.send(c, types, mode)
				want := slices.Concat(want, []string{"iss", "state", "session_state"})
				if got.Has("access_token") {
					want = append(want, "expires_in", "token_type")
				}
				require.ElementsMatch(t, want, namesIn(got), types)
				require.Equal(t, "the state", got.Get("state"))
				require.Equal(t, issuer, got.Get("iss"))
				w.checkResponse(t, got, types)
			}
		}
	})
}

func namesIn(v url.Values) (names []string) {
	for name, values := range v {
		for range values {
			names = append(names, name)
		}
	}
	return names
}

func (w *world) checkResponse(t *testing.T, got url.Values, types string) {
	if token := got.Get("access_token"); token != "" {
		require.Equal(t, "Bearer", got.Get("token_type"))
		require.Equal(t, "600", got.Get("expires_in"))
		require.Equal(t, w.user.Email, w.userinfo(token).body["email"], types)
	}
	if got.Has("id_token") {
		claims := w.idToken(got.Get("id_token"))
		require.Equal(t, "the nonce", claims["nonce"])
		for claim, of := range map[string]string{"at_hash": got.Get("access_token"), "c_hash": got.Get("code"), "s_hash": "the state"} {
			if of == "" {
				require.NotContains(t, claims, claim, types)
				continue
			}
			require.Equal(t, halfOf(of), claims[claim], types)
		}
		// OIDC Core section 5.4: claims of the scopes are in the ID token when there is no access token to ask with.
		require.Equal(t, types == "id_token", claims["email"] != nil, types)
	}
	if code := got.Get("code"); code != "" {
		tokens := w.redeem(code)
		require.Equal(t, http.StatusOK, tokens.Code, tokens.Body.String())
		claims := w.idToken(tokens.body["id_token"])
		require.Equal(t, halfOf(tokens.body["access_token"].(string)), claims["at_hash"])
		require.NotContains(t, claims, "c_hash")
		require.Equal(t, http.StatusBadRequest, w.redeem(code).Code)
		if token := got.Get("access_token"); token != "" {
			require.Equal(t, http.StatusUnauthorized, w.userinfo(token).Code, "using a code twice revokes the token that came with it")
		}
	}
}

// Errors are sent in the response mode of the request (OAuth 2.0 Multiple Response Types section 5).
func TestErrorsTravelInTheResponseMode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hybrid()
		for _, test := range []struct{ types, asked, mode string }{
			{"code", "", oauth.ModeQuery},
			{"code", oauth.ModeFragment, oauth.ModeFragment},
			{"code", oauth.ModeFormPost, oauth.ModeFormPost},
			{"id_token", "", oauth.ModeFragment},
			{"code token", "", oauth.ModeFragment},
			{"code id_token token", oauth.ModeFormPost, oauth.ModeFormPost},
		} {
			for name, pairs := range map[string][]string{
				invalidScope: {"scope", "unknown"}, invalidRequest: {"prompt", "bogus"}, loginRequired: {"prompt", "none", "max_age", "0"},
			} {
				got := w.parameters(w.authorize(w.request(c, slices.Concat([]string{"response_type", test.types, "response_mode", test.asked}, pairs)...)), test.mode)
				require.Equal(t, name, got.Get("error"), test)
				require.Equal(t, "the state", got.Get("state"))
				require.Equal(t, issuer, got.Get("iss"))
				require.Equal(t, name == loginRequired, got.Has("session_state"), "only after the sign-in was checked")
				got.Del("session_state")
				require.Len(t, got, 4)
			}
		}
		for _, types := range []string{"id_token", "code token", "id_token token"} {
			got := w.parameters(w.authorize(w.request(c, "response_type", types, "response_mode", oauth.ModeQuery)), oauth.ModeFragment)
			require.Equal(t, invalidRequest, got.Get("error"), "tokens are never in a query")
		}
	})
}

func TestFrontChannelNeedsNonceAndOpenID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hybrid()
		for types, needed := range map[string]bool{
			"code": false, "code token": false, "id_token": true, "id_token token": true, "code id_token": true, "code id_token token": true,
		} {
			got := w.send(c, types, oauth.ModeFragment, "nonce", "")
			require.Equal(t, needed, got.Get("error") == invalidRequest, types)
			if got.Has("code") {
				require.NotContains(t, w.idToken(w.redeem(got.Get("code")).body["id_token"]), "nonce")
			}
			require.Equal(t, needed, w.send(c, types, oauth.ModeFragment, "scope", "email").Get("error") == invalidScope, types)
		}
	})
}

// A grant without a code cannot be redeemed.
func TestImplicitGrantHasNoCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hybrid()
		token := w.send(c, "id_token token", oauth.ModeFragment).Get("access_token")
		grants, err := w.store.Grants.OfUser(t.Context(), w.user.ID, 10)
		require.NoError(t, err)
		require.Len(t, grants, 1)
		require.False(t, grants[0].CodeUsedAt.IsZero())
		require.NoError(t, w.store.Grants.Revoke(t.Context(), grants[0].ID, "", time.Now()))
		require.Equal(t, http.StatusUnauthorized, w.userinfo(token).Code)
	})
}

func TestFormPostIsForWebAddresses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.register(client.Native, func(m *client.Metadata) { m.RedirectURIs = []string{"com.example.app:/cb"} })
		requireRefusal(t, w.authorize(w.request(c, "response_mode", oauth.ModeFormPost)), "com.example.app:/cb", invalidRequest)
	})
}

// ID tokens are unsigned only from the token endpoint, for a client that is registered for unsigned ones.
func TestUnsignedIDToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.IDTokenAlg, m.AccessTokenFormat = []string{callback}, client.ConsentSkip, client.AlgNone, client.TokenJWT
		})
		tokens := w.redeem(w.code(w.web))
		token := tokens.body["id_token"].(string)
		header, rest, _ := strings.Cut(token, ".")
		payload, signature, _ := strings.Cut(rest, ".")
		require.Empty(t, signature)
		for part, want := range map[string]string{header: `{"alg":"none"}`, payload: `"nonce":"the nonce"`} {
			text, err := base64.RawURLEncoding.DecodeString(part)
			require.NoError(t, err)
			require.Contains(t, string(text), want)
			require.NotContains(t, string(text), "at_hash")
		}
		require.Equal(t, http.StatusOK, w.userinfo(requireTokens(t, tokens)).Code, "access tokens are signed all the same")
		requireRefusal(t, w.authorize(w.request(w.web, "id_token_hint", token)), callback, invalidRequest)
	})
}

// halfOf returns the left half of a token's SHA-256 hash, as in an ID token that is signed with RS256.
func halfOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Apps in development run on the developer's machine, without TLS.
func TestEveryResponseTypeOnThisMachine(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		uris := []string{"http://localhost:3000/cb", "http://127.0.0.1:3000/cb", "http://[::1]:3000/cb"}
		w.hybrid()
		w.change(w.web, func(m *client.Metadata) { m.RedirectURIs = uris })
		made := w.registers("redirect_uris", uris, "grant_types", []string{client.GrantImplicit}, "response_types", []string{"id_token", "id_token token"},
			"token_endpoint_auth_method", "none")
		require.Len(t, made["redirect_uris"], len(uris))
		for _, uri := range uris {
			for _, types := range client.ResponseTypes() {
				a := w.authorize(w.request(w.web, "redirect_uri", uri, "response_type", types))
				require.Equal(t, http.StatusSeeOther, a.Code)
				require.True(t, strings.HasPrefix(a.Header().Get("Location"), uri), types)
				require.NotContains(t, a.Header().Get("Location"), "error=", types)
			}
		}
		for _, uri := range []string{"http://localhost:3001/cb", "http://127.0.0.1/cb", "http://localhost.example:3000/cb"} {
			requirePage(t, w.authorize(w.request(w.web, "redirect_uri", uri, "response_type", "id_token")), http.StatusBadRequest, "")
		}
		for _, uri := range []string{"http://app.example.test/cb", "http://192.168.0.1/cb", "http://localhost.example/cb"} {
			w.refusesRegistration(client.InvalidRedirectURI, "redirect_uris", []string{uri}, "grant_types", []string{client.GrantImplicit}, "response_types", []string{"id_token"},
				"token_endpoint_auth_method", "none")
		}
	})
}
