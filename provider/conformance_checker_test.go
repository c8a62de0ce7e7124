package provider

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/net/html"

	"github.com/postern-id/postern/provider/client"
)

// outcome holds everything that the suite has received at the end of a flow. The checks below do not use the code under test.
type outcome struct {
	client      *client.Client
	about, keys answer     // the discovery document and the key set
	sent        url.Values // the authorization request
	response    answer     // of the authorization endpoint
	tokens      *answer    // of the token endpoint; nil: there was no code
	refreshed   bool       // tokens came for a refresh token
	infos       []answer   // of the UserInfo endpoint, for each access token
}

// findings are the faults for which the suite would fail or warn.
type findings []string

func (f *findings) expect(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

func (o *outcome) asks(responseType string) bool {
	return slices.Contains(strings.Fields(o.sent.Get("response_type")), responseType)
}

// arrived returns the parameters that the client receives: in the query for the response type code, in a form for form_post, and in the fragment for
// everything else. fault says that they are elsewhere.
func (o *outcome) arrived() (arrived url.Values, fault string) {
	target := o.sent.Get("redirect_uri")
	if o.sent.Get("response_mode") == "form_post" {
		if o.response.Code != http.StatusOK || o.response.location != nil {
			return nil, "the answer is not a form but " + o.response.Header().Get("Location")
		}
		return formFields(o.response.Body.String(), target)
	}
	where := o.response.location
	switch {
	case o.response.Code != http.StatusFound && o.response.Code != http.StatusSeeOther, where == nil:
		return nil, fmt.Sprintf("the answer is not a redirect but %d", o.response.Code)
	case !strings.HasPrefix(where.String(), target):
		return nil, "the answer goes to " + where.String()
	}
	front := o.asks("token") || o.asks("id_token")
	place, other := where.RawQuery, where.EscapedFragment()
	if front {
		place, other = other, place
	}
	registered, err := url.Parse(target)
	if err != nil || other != "" && (!front || other != registered.RawQuery) {
		return nil, "the answer is not where the client looks for it: " + where.String()
	}
	arrived, err = url.ParseQuery(place)
	if err != nil {
		return nil, err.Error()
	}
	if !front {
		for name := range registered.Query() {
			arrived.Del(name)
		}
	}
	return arrived, ""
}

// formFields returns the fields of a page's form, which must be posted to target.
func formFields(page, target string) (fields url.Values, fault string) {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil, err.Error()
	}
	fields, forms := url.Values{}, 0
	for n := range doc.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		switch {
		case n.Data == "form" && (attributes["action"] != target || !strings.EqualFold(attributes["method"], "post")):
			return nil, "the form goes to " + attributes["action"] + " by " + attributes["method"]
		case n.Data == "form":
			forms++
		case n.Data == "input":
			fields.Add(attributes["name"], attributes["value"])
		}
	}
	if forms != 1 {
		return nil, "the answer is not one form"
	}
	return fields, ""
}

// findings checks a flow that must succeed.
func (o *outcome) findings() findings {
	var f findings
	arrived, fault := o.arrived()
	if fault != "" {
		return findings{fault}
	}
	o.checkDiscovery(&f)
	o.checkKeys(&f)
	o.checkResponse(&f, arrived)
	front := o.checkIDToken(&f, arrived.Get("id_token"), &arrived)
	subjects := []any{front["sub"]}
	f.expect((o.tokens != nil) == o.asks("code"), "the token endpoint is asked if there is a code")
	if o.tokens != nil {
		subjects = append(subjects, o.checkTokens(&f)["sub"])
	}
	for _, info := range o.infos {
		f.expect(info.Code == http.StatusOK, "userinfo answers %d", info.Code)
		f.expect(strings.HasPrefix(info.Header().Get("Content-Type"), "application/json"), "userinfo is not JSON")
		o.checkUserInfo(&f, info.body)
		subjects = append(subjects, info.body["sub"])
	}
	var seen any
	for _, subject := range subjects {
		f.expect(subject == nil || seen == nil || subject == seen, "another sub: %v", subject)
		if subject != nil {
			seen = subject
		}
	}
	f.expect(seen != nil, "no sub anywhere")
	return f
}

// checkDiscovery checks that the discovery document announces everything that the run has used. The suite skips what is not announced.
func (o *outcome) checkDiscovery(f *findings) {
	lists := func(name, value string) {
		list, _ := o.about.body[name].([]any)
		f.expect(slices.Contains(list, any(value)), "%s does not announce %s", name, value)
	}
	f.expect(o.about.Code == http.StatusOK && o.about.body["issuer"] == issuer, "discovery is not of this issuer")
	lists("token_endpoint_auth_methods_supported", o.client.AuthMethod)
	lists("response_types_supported", o.sent.Get("response_type"))
	lists("id_token_signing_alg_values_supported", o.client.IDTokenAlg)
	if mode := o.sent.Get("response_mode"); mode != "" {
		lists("response_modes_supported", mode)
	}
	for _, scope := range strings.Fields(o.sent.Get("scope")) {
		lists("scopes_supported", scope)
	}
	if o.sent.Has("claims") {
		f.expect(o.about.body["claims_parameter_supported"] == true, "claims_parameter_supported is not true")
	}
}

// checkKeys checks that every key has a different kid, can be used, and is public.
func (o *outcome) checkKeys(f *findings) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(o.keys.Body.Bytes(), &set); err != nil || len(set.Keys) == 0 {
		f.expect(false, "no key set: %v", err)
		return
	}
	seen := map[any]bool{nil: true, "": true}
	for _, key := range set.Keys {
		f.expect(!seen[key["kid"]], "a kid is missing or doubled: %v", key["kid"])
		seen[key["kid"]] = true
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			f.expect(key[private] == nil, "a key contains %s", private)
		}
		text, err := json.Marshal(key)
		var parsed jose.JSONWebKey
		if err == nil {
			err = parsed.UnmarshalJSON(text)
		}
		f.expect(err == nil && parsed.Valid() && key["kty"] != "oct", "a key cannot be used: %v", err)
		f.expect(key["use"] == "sig" && slices.Contains([]any{"RS256", "PS256", "ES256", "EdDSA"}, key["alg"]), "a key is for %v", key["alg"])
	}
}

// checkResponse checks that the answer has the requested parameters, the state, and nothing else.
func (o *outcome) checkResponse(f *findings, arrived url.Values) {
	want := []string{"iss", "state"}
	for kind, brings := range map[string][]string{
		"code": {"code"}, "token": {"access_token", "token_type", "expires_in"}, "id_token": {"id_token"},
	} {
		if o.asks(kind) {
			want = append(want, brings...)
		}
	}
	for _, name := range want {
		f.expect(len(arrived[name]) == 1, "%s is not there once", name)
	}
	for name := range arrived {
		f.expect(slices.Contains(append(want, "session_state"), name), "%s was not asked for", name)
	}
	f.expect(arrived.Get("state") == o.sent.Get("state"), "another state: %s", arrived.Get("state"))
	f.expect(arrived.Get("iss") == issuer, "another iss: %s", arrived.Get("iss"))
	if o.asks("token") {
		f.expect(strings.EqualFold(arrived.Get("token_type"), "bearer"), "token_type is %s", arrived.Get("token_type"))
		f.expect(strings.Trim(arrived.Get("expires_in"), "0123456789") == "", "expires_in is %s", arrived.Get("expires_in"))
	}
	if o.asks("code") {
		code := arrived.Get("code")
		f.expect(len(code)*8 >= 128 && entropy(code) >= 96, "the code can be guessed: %s", code)
	}
}

// entropy returns the Shannon entropy of a text in bits, by the frequency of its characters.
func entropy(text string) float64 {
	count, bits := map[rune]float64{}, 0.0
	for _, r := range text {
		count[r]++
	}
	for _, n := range count {
		bits -= n * math.Log2(n/float64(len(text)))
	}
	return bits
}

// refusals checks a request that must be refused with one of the codes (OIDC Core section 3.1.2.6, RFC 6749 section 4.1.2.1).
func (o *outcome) refusals(codes ...string) findings {
	var f findings
	arrived, fault := o.arrived()
	if fault != "" {
		return findings{fault}
	}
	f.expect(slices.Contains(codes, arrived.Get("error")), "the error is %q", arrived.Get("error"))
	f.expect(arrived.Get("state") == o.sent.Get("state"), "another state: %s", arrived.Get("state"))
	f.expect(!arrived.Has("iss") || arrived.Get("iss") == issuer, "another iss: %s", arrived.Get("iss"))
	for name, values := range arrived {
		known := slices.Contains([]string{"error", "error_description", "error_uri", "state", "session_state", "iss"}, name)
		f.expect(known && len(values) == 1, "%s does not belong to an error, or is there twice", name)
	}
	for _, r := range arrived.Get("error_description") {
		f.expect(r >= 0x20 && r <= 0x7e && r != '"' && r != '\\', "error_description has the character %q", r)
	}
	return f
}

// registrationFindings checks the answer to a registration without the member scope (OIDC Registration section 3.2).
func registrationFindings(a answer) findings {
	var f findings
	f.expect(a.Code == http.StatusCreated, "the registration answers %d", a.Code)
	f.expect(strings.HasPrefix(a.Header().Get("Content-Type"), "application/json"), "the registration is not JSON")
	f.expect(a.body["client_id"] != nil && a.body["client_id"] != "", "no client_id")
	f.expect((a.body["client_secret"] == nil) == (a.body["client_secret_expires_at"] == nil), "client_secret and client_secret_expires_at must come together")
	uri, _ := a.body["registration_client_uri"].(string)
	token, _ := a.body["registration_access_token"].(string)
	f.expect(strings.HasPrefix(uri, "https://") && token != "", "the registration cannot be managed")
	scope, _ := a.body["scope"].(string)
	for _, name := range []string{"openid", "profile", "email", "address", "phone", "offline_access"} {
		f.expect(slices.Contains(strings.Fields(scope), name), "a client that registers without scope does not get %s", name)
	}
	return f
}
