package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// addUser adds a user with claims and groups and signs the user in.
func (w *world) addUser(claims storage.Claims, groups ...string) {
	w.t.Helper()
	id := storage.NewID()
	w.user = storage.User{
		ID: id, Email: strings.ToLower(id) + "@example.test", Username: strings.ToLower(id), Groups: groups, Claims: claims, Epoch: 1,
		CreatedAt: storage.At(time.Now()), UpdatedAt: storage.At(time.Now()),
	}
	require.NoError(w.t, w.store.Users.Add(w.t.Context(), w.user))
	w.signIn(time.Now())
}

// standard returns values for the claims of OIDC Core section 5.1 that are attributes of a user.
func standard() storage.Claims {
	return storage.Claims{
		"name": "Ada Example", "given_name": "Ada", "family_name": "Example", "middle_name": "M", "nickname": "ada",
		"profile": "https://ada.example.test", "picture": "https://ada.example.test/p.png", "website": "https://example.test",
		"gender": "female", "birthdate": "1990-01-31", "zoneinfo": "Europe/Berlin", "locale": "en-GB",
		"phone_number": "+4912345", "phone_number_verified": true,
		"address": map[string]any{"formatted": "1 Road\nTown", "street_address": "1 Road", "locality": "Town", "region": "R", "postal_code": "1", "country": "DE"},
	}
}

const everyScope = "openid profile email address phone groups"

func TestStandardClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(standard(), "staff", "admins")
		info := w.userinfo(requireTokens(t, w.redeem(w.code(w.web, "scope", everyScope)))).body
		want := map[string]any(standard())
		want["sub"], want["email"], want["email_verified"], want["preferred_username"] = w.user.ID, w.user.Email, false, w.user.Username
		want["groups"], want["updated_at"] = []any{"staff", "admins"}, float64(w.user.UpdatedAt.Unix())
		require.Equal(t, want, info)
		require.Len(t, info, 21, "the 20 standard claims and groups")
		names := w.get("/.well-known/openid-configuration").body["claims_supported"]
		for name := range info {
			require.Contains(t, names, name)
		}
	})
}

// OIDC Core section 5.3.2: claims without a value are left out, and not null or empty.
func TestUnknownClaimsAreLeftOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(storage.Claims{
			"name": "", "nickname": nil, "address": map[string]any{"formatted": "", "country": nil, "locality": "Town"}, "picture": []any{}, "website": map[string]any{},
		})
		info := w.userinfo(requireTokens(t, w.redeem(w.code(w.web, "scope", everyScope)))).body
		require.ElementsMatch(t, []string{"sub", "email", "email_verified", "preferred_username", "updated_at", "address", "groups"}, keysOf(info))
		require.Equal(t, map[string]any{"locality": "Town"}, info["address"])

		w.addUser(storage.Claims{"address": map[string]any{"formatted": "", "country": nil}})
		info = w.userinfo(requireTokens(t, w.redeem(w.code(w.web, "scope", everyScope)))).body
		require.NotContains(t, info, "address")
	})
}

// Attributes with the names of protocol claims never get into a token.
func TestAttributesCannotPoseAsClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		evil := standard()
		posed := []string{
			"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "acr", "amr", "sid", "azp", "at_hash", "c_hash", "auth_time", "scope", "client_id",
			"events", "cnf", "act", "admin", "email", "email_verified", "preferred_username", "groups", "updated_at", "roles",
		}
		var asked []string
		for _, name := range posed {
			evil[name] = "evil"
			asked = append(asked, `"`+name+`":{"essential":true}`)
		}
		w.addUser(evil)
		list := "{" + strings.Join(asked, ",") + "}"
		tokens := w.redeem(w.code(w.web, "scope", everyScope, "claims", `{"id_token":`+list+`,"userinfo":`+list+`}`))
		access := requireTokens(t, tokens)
		for name, claims := range map[string]map[string]any{"ID token": w.idToken(tokens.body["id_token"]), "userinfo": w.userinfo(access).body} {
			for claim, value := range claims {
				require.NotEqual(t, "evil", value, "%s: %s", name, claim)
				require.NotContains(t, []string{"admin", "roles", "events", "cnf"}, claim)
			}
			require.Equal(t, w.user.ID, claims["sub"])
			require.Equal(t, w.user.Email, claims["email"])
		}
	})
}

func TestClaimsParameter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(standard(), "staff")
		tokens := w.redeem(w.code(w.web, "scope", "openid offline_access", "claims",
			`{"userinfo":{"email":{"essential":true},"picture":null,"unknown":null},"id_token":{"name":null,"groups":{"essential":false},"x":{}},"other":{"y":1}}`))
		access := requireTokens(t, tokens)
		for range 2 {
			claims := w.idToken(tokens.body["id_token"])
			require.Equal(t, "Ada Example", claims["name"])
			require.Equal(t, []any{"staff"}, claims["groups"])
			require.NotContains(t, claims, "email")
			require.ElementsMatch(t, []string{"sub", "email", "picture"}, keysOf(w.userinfo(access).body))
			tokens = w.refresh(refreshTokenOf(tokens)) // the claims parameter applies to the whole grant
			access = requireTokens(t, tokens)
		}
	})
}

func TestClaimsParameterIsChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		requireRefusal(t, w.authorize(w.request(w.web, "claims", "[]")), callback, invalidRequest)
		requireRefusal(t, w.authorize(w.request(w.web, "claims", `{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`)), callback, invalidRequest)
		requireRefusal(t, w.authorize(w.request(w.web, "claims", strings.Repeat("x", maxParameter+1))), callback, invalidRequest)
	})
}

// An app that reads groups cannot tell a person in no group from a claim that it was not given, unless the claim is there.
func TestGroupsOfAPersonInNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(storage.Claims{})
		tokens := w.redeem(w.code(w.web, "scope", "openid groups offline_access", "claims", `{"id_token":{"groups":null}}`))
		for range 2 {
			require.Equal(t, []any{}, w.userinfo(requireTokens(t, tokens)).body["groups"])
			require.Equal(t, []any{}, w.idToken(tokens.body["id_token"])["groups"])
			tokens = w.refresh(refreshTokenOf(tokens))
		}
		c := w.hybrid()
		for scope, want := range map[string]any{"openid groups": []any{}, "openid": nil} {
			require.Equal(t, want, w.idToken(w.send(c, "id_token", "", "scope", scope).Get("id_token"))["groups"], scope)
		}
	})
}

func TestManyGroups(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		groups := make([]string, 200)
		for i := range groups {
			groups[i] = "group-" + storage.NewID()
		}
		w.addUser(storage.Claims{}, groups...)
		tokens := w.redeem(w.code(w.web, "scope", "openid groups", "claims", `{"id_token":{"groups":null}}`))
		require.Len(t, w.userinfo(requireTokens(t, tokens)).body["groups"], 200)
		require.Len(t, w.idToken(tokens.body["id_token"])["groups"], 200)
	})
}

// The subject is the same at every client, and nothing that a person knows or can change.
func TestSubject(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.at("spa", callback)
		here := w.idToken(w.redeem(w.code(w.web)).body["id_token"])
		there := w.idToken(w.asPublic(other, w.code(other)).body["id_token"])
		require.Equal(t, here["sub"], there["sub"])
		require.NotContains(t, []any{w.user.Email, w.user.Username}, here["sub"])
		require.Equal(t, other.ID, there["aud"])
	})
}

// While a new e-mail address waits to be confirmed, email_verified is false.
func TestAddressIsUnverifiedWhileItChanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.addUser(nil)
		require.NoError(t, w.store.Users.VerifyEmail(t.Context(), w.user.ID, w.user.Email, time.Now()))
		tokens := w.redeem(w.code(w.web, "scope", "openid email", "claims", `{"id_token":{"email_verified":null}}`))
		access := requireTokens(t, tokens)
		require.Equal(t, true, w.userinfo(access).body["email_verified"])
		require.Equal(t, true, w.idToken(tokens.body["id_token"])["email_verified"])

		require.NoError(t, w.store.Users.BeginEmailChange(t.Context(), w.user, time.Now().Add(time.Hour)))
		info := w.userinfo(access).body
		require.Equal(t, false, info["email_verified"])
		require.Equal(t, w.user.Email, info["email"])
		tokens = w.redeem(w.code(w.web, "scope", "openid email", "claims", `{"id_token":{"email_verified":null}}`))
		require.Equal(t, false, w.idToken(tokens.body["id_token"])["email_verified"])

		require.NoError(t, w.store.Users.BeginEmailChange(t.Context(), w.user, time.Now().Add(-time.Second)))
		require.Equal(t, true, w.userinfo(access).body["email_verified"], "the new address was not confirmed in time")
	})
}
