package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// release is one case of a client and its request.
type release struct {
	registered []string // scopes of the client
	own        []string // operator-defined claims of the client
	scopes     []string // asked for
	idToken    []string // asked for by name
	userInfo   []string
	before     storage.Access // agreed to before
	skip       bool           // people are not asked for consent
	prompt     string
	types      string // response_type; "device" for the device flow
}

func (r release) String() string {
	return fmt.Sprintf("%s: client of %v with claims %v asks for %v, claims %v and %v, prompt %q, agreed before to %v, skip %v",
		r.types, r.registered, r.own, r.scopes, r.idToken, r.userInfo, r.prompt, r.before, r.skip)
}

// of returns the claims of the scopes, as in OIDC Core section 5.4, and groups.
func of(scopes []string) (names []string) {
	for _, scope := range scopes {
		names = append(names, claimsOfScopes[scope]...)
		if scope == "groups" {
			names = append(names, "groups")
		}
	}
	return names
}

func both(names, allowed []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(allowed, name) })
}

// allowed returns what may be released at each place, given that the person has agreed.
func (r release) allowed() (idToken, userInfo []string) {
	mayHave := slices.Concat(of(r.registered), r.own)
	idToken, userInfo = both(r.idToken, mayHave), slices.Concat(of(r.scopes), both(r.userInfo, mayHave), r.own)
	switch r.types {
	case "id_token":
		return slices.Concat(idToken, of(r.scopes), r.own), nil
	case "device":
		return nil, slices.Concat(of(r.scopes), r.own)
	}
	return idToken, userInfo
}

// needed returns what the person has to agree to.
func (r release) needed() storage.Access {
	idToken, userInfo := r.allowed()
	brought := of(r.scopes)
	named := slices.DeleteFunc(slices.Concat(idToken, userInfo), func(name string) bool { return slices.Contains(brought, name) })
	slices.Sort(named)
	return storage.Access{Scopes: r.scopes, Claims: slices.Compact(named)}
}

// agreed reports whether the person has agreed before to everything that is needed.
func (r release) agreed() bool {
	needed := r.needed()
	return len(both(needed.Scopes, r.before.Scopes)) == len(needed.Scopes) &&
		len(both(needed.Claims, slices.Concat(r.before.Claims, of(r.before.Scopes)))) == len(needed.Claims)
}

// releases returns all combinations.
func releases() (cases []release) {
	own := []string{"level", "team"}
	all := []string{"openid", "profile", "email", "phone", "groups", "offline_access"}
	names := []string{"email", "phone_number", "birthdate", "groups", "address", "team", "salary", "iss", "sub", "nonce", "acr", "unknown"}
	for _, registered := range []release{
		{registered: []string{"openid"}}, {registered: []string{"openid"}, own: own}, {registered: []string{"openid", "email", "phone", "offline_access"}},
		{registered: all, own: own},
	} {
		for _, scopes := range [][]string{{"openid"}, registered.registered} {
			for _, named := range []release{{}, {userInfo: names}, {idToken: names}, {idToken: names[:2], userInfo: names[1:7]}} {
				for _, before := range []storage.Access{
					{}, {Scopes: []string{"openid"}}, {Scopes: []string{"openid", "email"}, Claims: []string{"phone_number", "team"}},
					{Scopes: append(all, "address"), Claims: own},
				} {
					for _, skip := range []bool{false, true} {
						for _, prompt := range []string{"none", "", "consent"} {
							for _, types := range []string{"code", "code id_token", "id_token token", "id_token", "device"} {
								if types == "device" && (prompt != "" || named.userInfo != nil || named.idToken != nil) {
									continue // a device cannot send them
								}
								cases = append(cases, release{
									registered.registered, registered.own, scopes, named.idToken, named.userInfo, before, skip, prompt, types,
								})
							}
						}
					}
				}
			}
		}
	}
	return cases
}

// got holds the claims that a client has received, by place; nil for a place that it has no token for.
type got struct{ idToken, userInfo []map[string]any }

// However a client asks for claims, it gets exactly those that it is registered for and that the person, or the operator for everybody, has agreed
// to.
func TestReleasedClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		claims := standard()
		for _, name := range []string{"team", "level", "salary", "iss", "sub", "nonce", "acr", "unknown"} {
			claims[name] = "own " + name
		}
		clients := map[string]*client.Client{}
		secrets := map[string]string{}
		for _, tc := range releases() {
			key := fmt.Sprint(tc.registered, tc.own, tc.skip)
			if clients[key] == nil {
				clients[key], secrets[key] = w.registerFor(tc)
			}
			w.web, w.secret = clients[key], secrets[key]
			w.addUser(claims, "staff") // a user without grants: listing thousands of grants would take most of the test's time on SQLite
			w.check(tc)
			if t.Failed() {
				return
			}
		}
	})
}

func (w *world) registerFor(tc release) (*client.Client, string) {
	return w.register(client.Web, func(m *client.Metadata) {
		m.RedirectURIs, m.IDTokenAlg, m.Scopes, m.Claims = []string{callback}, "ES256", tc.registered, tc.own
		m.GrantTypes = []string{client.GrantCode, client.GrantRefresh, client.GrantImplicit, client.GrantDevice}
		m.ResponseTypes = client.ResponseTypes()
		if tc.skip {
			m.Consent = client.ConsentSkip
		}
	})
}

// check runs one case.
func (w *world) check(tc release) {
	w.t.Helper()
	if len(tc.before.Scopes) > 0 {
		require.NoError(w.t, w.store.Consents.Add(w.t.Context(), w.user.ID, w.web.ID, tc.before, time.Now()))
	}
	var learned got
	if tc.types == "device" {
		learned = w.learnByDevice(tc)
	} else {
		learned = w.learn(tc)
	}
	idToken, userInfo := tc.allowed()
	for place, answers := range map[string][]map[string]any{"ID token": learned.idToken, "userinfo": learned.userInfo} {
		want := map[string][]string{"ID token": idToken, "userinfo": userInfo}[place]
		want = slices.Compact(slices.Sorted(slices.Values(want)))
		for _, claims := range answers {
			names := slices.DeleteFunc(slices.Sorted(maps.Keys(claims)), func(name string) bool {
				return slices.Contains(protocolClaims, name) && claims[name] != "own "+name
			})
			require.Equal(w.t, strings.Join(want, " "), strings.Join(names, " "), "%s of %s", place, tc)
		}
	}
	w.requireShown(tc, slices.Concat(idToken, userInfo))
}

// learn runs a flow, with the consent page if there is one, and collects the claims.
func (w *world) learn(tc release) got {
	w.t.Helper()
	named, err := json.Marshal(map[string]map[string]any{"id_token": wishFor(tc.idToken), "userinfo": wishFor(tc.userInfo)})
	require.NoError(w.t, err)
	request := w.request(w.web, "response_type", tc.types, "scope", strings.Join(tc.scopes, " "), "claims", string(named), "prompt", tc.prompt)
	a := w.authorize(request)
	require.Equal(w.t, http.StatusSeeOther, a.Code, tc)
	asks := tc.prompt == "consent" || !tc.skip && !tc.agreed()
	switch {
	case asks && tc.prompt == "none":
		require.Equal(w.t, consentRequired, arrived(a).Get("error"), tc)
		return got{}
	case asks:
		require.Equal(w.t, "/consent", a.location.Path, tc)
		shown := w.agreeToAll(a.query.Get("flow"))
		require.ElementsMatch(w.t, tc.needed().Scopes, shown.Scopes, tc)
		require.ElementsMatch(w.t, tc.needed().Claims, shown.Claims, tc)
		a = w.resume(a.query.Get("flow"))
	}
	answer := arrived(a)
	require.Empty(w.t, answer.Get("error"), tc)
	return w.collect(answer, tc)
}

func wishFor(names []string) map[string]any {
	wish := map[string]any{}
	for i, name := range names {
		if wish[name] = nil; i%2 == 1 {
			wish[name] = map[string]any{"essential": true}
		}
	}
	return wish
}

// arrived returns the parameters that the client receives.
func arrived(a answer) url.Values {
	fields, err := url.ParseQuery(a.location.EscapedFragment())
	if a.location.RawQuery != "" || err != nil {
		return a.query
	}
	return fields
}

// collect gets all claims for the code and the tokens of an answer, and again after a refresh.
func (w *world) collect(answer url.Values, tc release) (learned got) {
	w.t.Helper()
	if token := answer.Get("id_token"); token != "" {
		learned.idToken = append(learned.idToken, w.idToken(token))
	}
	if token := answer.Get("access_token"); token != "" {
		learned.userInfo = append(learned.userInfo, w.userinfo(token).body)
	}
	if answer.Get("code") != "" {
		w.collectTokens(w.redeem(answer.Get("code")), &learned)
	}
	return learned
}

func (w *world) collectTokens(tokens answer, learned *got) {
	w.t.Helper()
	for {
		access := requireTokens(w.t, tokens)
		learned.idToken = append(learned.idToken, w.idToken(tokens.body["id_token"]))
		learned.userInfo = append(learned.userInfo, w.userinfo(access).body)
		if len(learned.userInfo) > 1 || tokens.body["refresh_token"] == nil {
			return
		}
		tokens = w.refresh(refreshTokenOf(tokens))
	}
}

// learnByDevice runs a device flow, which always asks the person, and collects the claims.
func (w *world) learnByDevice(tc release) (learned got) {
	w.t.Helper()
	asked := w.post("/oauth2/device_authorization", url.Values{"scope": {strings.Join(tc.scopes, " ")}})
	require.Equal(w.t, http.StatusOK, asked.Code, asked.Body.String())
	w.decideDevice(w.typeCode(asked.body["user_code"]), "allow", "allowed")
	w.collectTokens(w.post("/oauth2/token", url.Values{
		"grant_type": {client.GrantDevice}, "device_code": {asked.body["device_code"].(string)},
	}), &learned)
	return learned
}

// requireShown checks that the list of apps with access names the released claims.
func (w *world) requireShown(tc release, released []string) {
	w.t.Helper()
	apps, err := w.store.Consents.Apps(w.t.Context(), w.user.ID, time.Now())
	require.NoError(w.t, err)
	i := slices.IndexFunc(apps, func(app storage.App) bool { return app.ClientID == w.web.ID })
	if i < 0 {
		require.True(w.t, tc.prompt == "none" && !tc.skip || len(released) == 0, "%s: %v", tc, errors.New("not listed"))
		return
	}
	if tc.prompt == "none" && !tc.skip && !tc.agreed() {
		return // nothing was released
	}
	require.Subset(w.t, slices.Concat(of(apps[i].Scopes), apps[i].Claims), released, tc)
}
