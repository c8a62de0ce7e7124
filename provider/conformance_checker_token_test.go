package provider

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/provider/client"
)

// claimsOfScopes is the table of OIDC Core section 5.4.
var claimsOfScopes = map[string][]string{
	"profile": {
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender",
		"birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email": {"email", "email_verified"}, "address": {"address"}, "phone": {"phone_number", "phone_number_verified"},
}

// protocolClaims are the claims that an ID token may have although the request did not ask for them.
var protocolClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "nbf", "jti", "sid", "txn",
}

// asked returns the claims of the person that the request asks for in place, which is "userinfo" or "id_token". The claims of the scopes are in the
// ID token only if there is no access token.
func (o *outcome) asked(place string) []string {
	var names []string
	if (place == "id_token") == (o.sent.Get("response_type") == "id_token") {
		for _, scope := range strings.Fields(o.sent.Get("scope")) {
			names = append(names, claimsOfScopes[scope]...)
		}
	}
	var request map[string]map[string]any
	_ = json.Unmarshal([]byte(o.sent.Get("claims")), &request)
	for name := range request[place] {
		names = append(names, name)
	}
	return names
}

// checkTokens checks the answer of the token endpoint and returns the claims of its ID token.
func (o *outcome) checkTokens(f *findings) map[string]any {
	a := *o.tokens
	f.expect(a.Code == http.StatusOK, "the token endpoint answers %d", a.Code)
	f.expect(strings.HasPrefix(a.Header().Get("Content-Type"), "application/json"), "the token answer is not JSON")
	f.expect(a.Header().Get("Cache-Control") == "no-store", "the token answer may be kept: %s", a.Header().Get("Cache-Control"))
	kind, _ := a.body["token_type"].(string)
	f.expect(strings.EqualFold(kind, "bearer"), "token_type is %v", a.body["token_type"])
	life, _ := a.body["expires_in"].(float64)
	f.expect(life > 0, "expires_in is %v", a.body["expires_in"])
	access, _ := a.body["access_token"].(string)
	f.expect(access != "", "no access_token")
	offline := slices.Contains(strings.Fields(o.sent.Get("scope")), "offline_access")
	f.expect(offline == (a.body["refresh_token"] != nil), "refresh_token is %v", a.body["refresh_token"])
	if token, _ := a.body["refresh_token"].(string); offline {
		f.expect(regexp.MustCompile(`^[\x20-\x7e]+$`).MatchString(token), "the refresh token has other characters than allowed")
	}
	for name := range a.body {
		f.expect(slices.Contains([]string{"access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token"}, name), "a token answer has no %s", name)
	}
	text, _ := a.body["id_token"].(string)
	f.expect(text != "", "no id_token")
	return o.checkIDToken(f, text, nil)
}

// checkIDToken checks an ID token and returns its claims. beside are the parameters that came with it through the browser; nil for an ID token of the
// token endpoint.
func (o *outcome) checkIDToken(f *findings, text string, beside *url.Values) map[string]any {
	if text == "" {
		return nil
	}
	claims := o.verify(f, text, beside != nil)
	if claims == nil {
		return nil
	}
	o.checkProtocolClaims(f, claims)
	nonce := o.sent.Get("nonce")
	if o.refreshed && beside == nil {
		nonce = "" // the first ID token alone has it (OIDC Core section 12.2)
	}
	got, _ := claims["nonce"].(string)
	f.expect((nonce != "") == (claims["nonce"] != nil) && got == nonce, "nonce is %v", claims["nonce"])
	o.checkHashes(f, claims, beside)
	asked := o.asked("id_token")
	for name := range claims {
		f.expect(slices.Contains(protocolClaims, name) || slices.Contains(asked, name), "nobody asked for %s in the ID token", name)
	}
	for _, name := range asked {
		f.expect(claims[name] != nil, "%s is missing in the ID token", name)
	}
	checkStandardClaims(f, claims)
	return claims
}

// verify checks the signature with the published key of that kid. A client can be registered for unsigned ID tokens; those of the token endpoint must
// then have no signature.
func (o *outcome) verify(f *findings, text string, front bool) (claims map[string]any) {
	var payload []byte
	if o.client.IDTokenAlg == client.AlgNone && !front {
		parts := strings.Split(text, ".")
		f.expect(len(parts) == 3 && parts[2] == "" && parts[0] == base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)), "not an unsigned ID token")
		payload, _ = base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	} else {
		signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(o.client.IDTokenAlg)})
		var set jose.JSONWebKeySet
		if err == nil {
			err = json.Unmarshal(o.keys.Body.Bytes(), &set)
		}
		if err != nil {
			f.expect(false, "not an ID token of %s: %v", o.client.IDTokenAlg, err)
			return nil
		}
		keys := set.Key(signed.Signatures[0].Protected.KeyID)
		if len(keys) != 1 {
			f.expect(false, "the kid names %d published keys", len(keys))
			return nil
		}
		if payload, err = signed.Verify(keys[0]); err != nil {
			f.expect(false, "the signature does not fit: %v", err)
			return nil
		}
	}
	f.expect(json.Unmarshal(payload, &claims) == nil, "the ID token holds no JSON")
	return claims
}

func (o *outcome) checkProtocolClaims(f *findings, claims map[string]any) {
	now := time.Now()
	text := func(name string) string { value, _ := claims[name].(string); return value }
	number := func(name string) int64 { value, _ := claims[name].(float64); return int64(value) }
	f.expect(text("iss") == issuer, "iss is %v", claims["iss"])
	list, _ := claims["aud"].([]any)
	f.expect(claims["aud"] == o.client.ID || slices.Equal(list, []any{o.client.ID}), "aud is %v", claims["aud"])
	f.expect(claims["azp"] == nil || claims["azp"] == o.client.ID, "azp is %v", claims["azp"])
	f.expect(text("sub") != "" && len(text("sub")) <= 255, "sub is %v", claims["sub"])
	f.expect(number("exp") > now.Unix(), "exp is %v", claims["exp"])
	f.expect(now.Add(-5*time.Minute).Unix() < number("iat") && number("iat") < now.Add(5*time.Minute).Unix(), "iat is %v", claims["iat"])
	f.expect(claims["nbf"] == nil || number("nbf") <= now.Unix(), "nbf is %v", claims["nbf"])
	f.expect(number("auth_time") > 0 && number("auth_time") <= now.Unix(), "auth_time is %v", claims["auth_time"])
	f.expect(text("acr") != "", "acr is %v", claims["acr"])
	if asked := strings.Fields(o.sent.Get("acr_values")); len(asked) > 0 {
		f.expect(slices.Contains(asked, text("acr")), "acr is %v, which was not asked for", claims["acr"])
	}
	methods, _ := claims["amr"].([]any)
	f.expect(len(methods) > 0 && !slices.ContainsFunc(methods, func(m any) bool { _, ok := m.(string); return !ok }), "amr is %v", claims["amr"])
}

// checkHashes checks that at_hash, c_hash and s_hash are the hashes of the parameters beside the ID token (OIDC Core sections 3.1.3.6, 3.2.2.10 and
// 3.3.2.11).
func (o *outcome) checkHashes(f *findings, claims map[string]any, beside *url.Values) {
	if beside == nil {
		access, _ := o.tokens.body["access_token"].(string)
		f.expect(claims["at_hash"] == nil || claims["at_hash"] == o.half(access), "at_hash is of something else")
		f.expect(claims["c_hash"] == nil && claims["s_hash"] == nil, "there is no code and no state beside this ID token")
		return
	}
	for name, of := range map[string]string{"at_hash": beside.Get("access_token"), "c_hash": beside.Get("code")} {
		if of == "" {
			f.expect(claims[name] == nil, "%s is of nothing", name)
			continue
		}
		f.expect(claims[name] == o.half(of), "%s is missing or of something else", name)
	}
	f.expect(claims["s_hash"] == nil || claims["s_hash"] == o.half(beside.Get("state")), "s_hash is of something else")
}

func (o *outcome) half(text string) string {
	if o.client.IDTokenAlg == "EdDSA" {
		sum := sha512.Sum512([]byte(text))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// checkUserInfo checks that there are sub, all requested claims, and nothing else (OIDC Core section 5.3.2).
func (o *outcome) checkUserInfo(f *findings, claims map[string]any) {
	asked := append(o.asked("userinfo"), "sub")
	for name := range claims {
		f.expect(slices.Contains(asked, name), "nobody asked for %s in userinfo", name)
	}
	for _, name := range asked {
		f.expect(claims[name] != nil, "%s is missing in userinfo", name)
	}
	checkStandardClaims(f, claims)
}

// checkStandardClaims checks that no claim is null or empty, and that each has the form of OIDC Core section 5.1.
func checkStandardClaims(f *findings, claims map[string]any) {
	for name, value := range claims {
		f.expect(value != nil && value != "" && value != "null", "%s is %v", name, value)
		text, isText := value.(string)
		switch name {
		case "email_verified", "phone_number_verified":
			f.expect(value == true || value == false, "%s is %v", name, value)
		case "updated_at":
			seconds, ok := value.(float64)
			f.expect(ok && seconds == float64(int64(seconds)) && seconds > 0 && seconds < 1e11, "updated_at is %v", value)
		case "birthdate":
			f.expect(regexp.MustCompile(`^\d{4}(-\d\d-\d\d)?$`).MatchString(text), "birthdate is %v", value)
		case "address":
			members, ok := value.(map[string]any)
			f.expect(ok && len(members) > 0, "address is %v", value)
			for member, part := range members {
				line, ok := part.(string)
				known := slices.Contains([]string{"formatted", "street_address", "locality", "region", "postal_code", "country"}, member)
				f.expect(ok && line != "" && line != "null" && known, "%s in address is %v", member, part)
			}
		default:
			if slices.Contains(slices.Concat(claimsOfScopes["profile"], claimsOfScopes["email"], claimsOfScopes["phone"]), name) {
				f.expect(isText, "%s is %v", name, value)
			}
		}
	}
}

// idTokenText returns the last ID token of a flow.
func (o *outcome) idTokenText() string {
	if o.tokens != nil {
		return o.tokens.body["id_token"].(string)
	}
	arrived, _ := o.arrived()
	return arrived.Get("id_token")
}

// idToken returns the claims of the last ID token.
func (o *outcome) idToken() map[string]any {
	return o.verify(new(findings), o.idTokenText(), o.tokens == nil)
}

// userInfo returns the claims of the person, from the UserInfo endpoint or, if there is no access token, from the ID token.
func (o *outcome) userInfo() map[string]any {
	if len(o.infos) == 0 {
		return o.idToken()
	}
	return o.infos[len(o.infos)-1].body
}
