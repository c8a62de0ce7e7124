package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/postern-id/postern/storage"
)

// Authentication context classes: our own, and the one of REFEDS for clients that ask for it by name.
const (
	acrMFA   = "urn:postern:acr:mfa"
	acrREFED = "https://refeds.org/profile/mfa"
)

// acrFor returns the class an ID token names. Every sign-in has shown both factors, so it always is one of these; which
// one is a matter of the language that the client speaks.
func acrFor(asked []string) string {
	if i := slices.IndexFunc(asked, isOurACR); i >= 0 {
		return asked[i]
	}
	return acrMFA
}

func isOurACR(acr string) bool { return acr == acrMFA || acr == acrREFED }

// claimsOfScope lists the claims that a scope stands for (OIDC Core section 5.4; groups is a convention of this field).
var claimsOfScope = map[string][]string{
	"profile": {
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
	"groups":  {"groups"},
}

// Scopes that can be asked for, in the order in which discovery announces them.
var supportedScopes = []string{"openid", "profile", "email", "address", "phone", "groups", "offline_access"}

// supportedClaims are the claims that discovery announces.
func supportedClaims() []string {
	claims := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}
	for _, scope := range supportedScopes {
		claims = append(claims, claimsOfScope[scope]...)
	}
	return claims
}

// claimsRequest names the claims that the claims parameter asks for beyond those of the scopes (OIDC Core section 5.5).
type claimsRequest struct {
	IDToken  []string `json:"id_token,omitempty"`
	UserInfo []string `json:"userinfo,omitempty"`

	subject string   // the only user who may answer the request; empty: any
	acr     []string // asked for
}

var errClaims = invalid("The parameter claims is not a claims request.")

// parseClaims reads the claims parameter: a JSON object without repeated names, nested no deeper than claims requests are.
// Unknown claims are left out, as OIDC Core section 5.5.1 allows.
func parseClaims(text string) (claimsRequest, error) {
	if text == "" {
		return claimsRequest{}, nil
	}
	// Members are taken from maps, because encoding/json fills a struct from names in any case.
	var request map[string]json.RawMessage
	if checkJSON(text, 6) != nil || json.Unmarshal([]byte(text), &request) != nil || request == nil {
		return claimsRequest{}, errClaims
	}
	idToken, idTokenErr := askedClaims(request["id_token"])
	userInfo, userInfoErr := askedClaims(request["userinfo"])
	if idTokenErr != nil || userInfoErr != nil {
		return claimsRequest{}, errClaims
	}
	parsed := claimsRequest{IDToken: knownClaims(idToken), UserInfo: knownClaims(userInfo), acr: idToken["acr"].Values}
	for _, sub := range slices.Concat(idToken["sub"].Values, userInfo["sub"].Values) {
		if parsed.subject != "" && parsed.subject != sub {
			return claimsRequest{}, invalid("The parameter claims asks for different people.")
		}
		parsed.subject = sub
	}
	// OIDC Core section 5.5.1.1: an essential class that cannot be met is a failed authentication.
	if idToken["acr"].Essential && len(parsed.acr) > 0 && !slices.ContainsFunc(parsed.acr, isOurACR) {
		return claimsRequest{}, refuse(unmetRequirements, "The authentication context that was asked for is not supported.")
	}
	return parsed, nil
}

// askedClaim is how one claim is asked for (OIDC Core section 5.5.1).
type askedClaim struct {
	Essential bool
	Values    []string // the texts among value and values
}

// askedClaims reads a member of the claims parameter; absent and null ask for nothing.
func askedClaims(text json.RawMessage) (map[string]askedClaim, error) {
	var members map[string]map[string]any
	if len(text) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	asked := make(map[string]askedClaim, len(members))
	for name, how := range members {
		var claim askedClaim
		claim.Essential, _ = how["essential"].(bool)
		values, _ := how["values"].([]any)
		for _, value := range append(values, how["value"]) {
			if text, ok := value.(string); ok {
				claim.Values = append(claim.Values, text)
			}
		}
		asked[name] = claim
	}
	return asked, nil
}

func knownClaims(asked map[string]askedClaim) []string {
	var known []string
	for _, names := range claimsOfScope {
		for _, name := range names {
			if _, ok := asked[name]; ok {
				known = append(known, name)
			}
		}
	}
	slices.Sort(known)
	return known
}

// checkJSON reports whether text is one JSON value whose objects repeat no name and whose depth stays within the limit.
// encoding/json alone would keep the last of repeated names, others keep the first: an attacker's choice.
func checkJSON(text string, depth int) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := checkValue(decoder, depth); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data behind the value")
	}
	return nil
}

func checkValue(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	opening, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == 0 {
		return errors.New("nested too deeply")
	}
	names := map[string]bool{}
	for decoder.More() {
		if opening == '{' {
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			if names[name.(string)] {
				return errors.New("repeated name")
			}
			names[name.(string)] = true
		}
		if err := checkValue(decoder, depth-1); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

// userClaims returns the claims of a user with those names as they are now. What is not known of the user is left out: a claim is never
// null or empty (OIDC Core section 5.3.2). The names come from the tables above, so that an attribute called iss or acr
// can never reach a token.
func userClaims(u storage.User, names []string, now time.Time) map[string]any {
	claims := make(map[string]any, len(names))
	for _, name := range names {
		value := userClaim(u, name, now)
		if members, ok := value.(map[string]any); ok { // address
			value = withoutEmpty(members)
		}
		if !empty(value) {
			claims[name] = value
		}
	}
	return claims
}

func withoutEmpty(members map[string]any) map[string]any {
	members = maps.Clone(members)
	maps.DeleteFunc(members, func(_ string, value any) bool { return empty(value) })
	return members
}

func userClaim(u storage.User, name string, now time.Time) any {
	switch name {
	case "email":
		return u.Email
	case "email_verified":
		return u.EmailConfirmed(now)
	case "preferred_username":
		return u.Username
	case "groups":
		return []string(u.Groups)
	case "updated_at":
		return u.UpdatedAt.Unix()
	}
	return u.Claims[name]
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// namesOf returns the claims that the scopes stand for together with those asked for by name.
func namesOf(scopes, asked []string) []string {
	names := slices.Clone(asked)
	for _, scope := range scopes {
		names = append(names, claimsOfScope[scope]...)
	}
	return names
}
