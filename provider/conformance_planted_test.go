package provider

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage/storagetest"
)

// fault makes one of the answers of a good flow wrong.
type fault func(*outcome)

// TestCheckerFindsWhatIsWrong plants faults into the answers of a good flow, one by one: the checker finds every one of them.
func TestCheckerFindsWhatIsWrong(t *testing.T) {
	planted(t, "code id_token token", func(r *run) {
		good, plant := r.offersEverything(), planter{r}
		for _, harmless := range []fault{plant.arrives(func(url.Values) {}), plant.resigned(true, nil), plant.resigned(false, nil)} {
			o := copyOf(r.t, good)
			harmless(o)
			require.Empty(r.t, o.findings(), "the copy without a fault has no findings")
		}
		for name, plants := range map[string]map[string]fault{
			"response": plant.inResponse(), "ID token": plant.inIDToken(), "tokens": plant.inTokens(), "userinfo": plant.inUserInfo(), "documents": plant.inDocuments(),
		} {
			for what, spoil := range plants {
				o := copyOf(r.t, good)
				spoil(o)
				require.NotEmpty(r.t, o.findings(), "%s: %s", name, what)
			}
		}
	})
}

// planted runs a test of the checker on one database, with the default response mode and with form_post.
func planted(t *testing.T, types string, test func(*run)) {
	app := newSuiteApp(t)
	w := app.world(t, storagetest.Open(t))
	w.addUser(standard())
	w.hybrid()
	for _, mode := range []string{"", oauth.ModeFormPost} {
		test(&run{world: w, app: app, t: t, types: types, mode: mode})
	}
}

func (r *run) offersEverything() *outcome {
	r.t.Helper()
	form := r.request("scope", "openid profile email address phone offline_access", "acr_values", token.ACRMFA)
	return r.finish(r.authorize(form), form)
}

// copyOf returns a copy of an outcome, for faults to be planted into.
func copyOf(t testing.TB, o *outcome) *outcome {
	copied := *o
	copied.sent = maps.Clone(o.sent)
	copied.about, copied.keys, copied.response = again(t, o.about), again(t, o.keys), again(t, o.response)
	tokens := again(t, *o.tokens)
	copied.tokens, copied.infos = &tokens, nil
	for _, info := range o.infos {
		copied.infos = append(copied.infos, again(t, info))
	}
	return &copied
}

func again(t testing.TB, a answer) answer {
	recorder := httptest.NewRecorder()
	recorder.Code = a.Code
	maps.Copy(recorder.Header(), a.Header().Clone())
	_, err := recorder.Body.WriteString(a.Body.String())
	require.NoError(t, err)
	copied := answer{ResponseRecorder: recorder, query: maps.Clone(a.query)}
	if a.body != nil {
		text, err := json.Marshal(a.body)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &copied.body))
	}
	if a.location != nil {
		location := *a.location
		copied.location = &location
	}
	return copied
}

type planter struct{ *run }

// arrives returns a fault that changes the parameters that the client receives.
func (p planter) arrives(change func(url.Values)) fault {
	return func(o *outcome) {
		arrived, _ := o.arrived()
		arrived = maps.Clone(arrived)
		change(arrived)
		p.send(o, arrived)
	}
}

func (p planter) send(o *outcome, arrived url.Values) {
	switch {
	case p.types == "code" && p.mode != oauth.ModeFormPost:
		o.response.location.RawQuery = arrived.Encode()
		return
	case p.mode != oauth.ModeFormPost:
		o.response.location.RawFragment = arrived.Encode()
		o.response.location.Fragment, _ = url.PathUnescape(arrived.Encode())
		return
	}
	page := `<form method="post" action="` + callback + `">`
	for name, values := range arrived {
		for _, value := range values {
			page += `<input type="hidden" name="` + name + `" value="` + strings.ReplaceAll(value, `"`, "&quot;") + `">`
		}
	}
	o.response.Body.Reset()
	_, _ = o.response.Body.WriteString(page + "</form>")
}

func (p planter) inResponse() map[string]fault {
	set := func(name, value string) fault { return p.arrives(func(v url.Values) { v.Set(name, value) }) }
	plants := map[string]fault{
		"elsewhere": func(o *outcome) {
			o.response.location, _ = url.Parse("https://evil.example.test/cb#" + p.encoded(o))
			o.response.Code = http.StatusSeeOther
		},
		"in the query": func(o *outcome) {
			o.response.location, _ = url.Parse(callback + "?" + p.encoded(o))
			o.response.Code = http.StatusSeeOther
		},
		"no answer": func(o *outcome) { o.response.Code, o.response.location = http.StatusInternalServerError, nil },
		"a page": func(o *outcome) {
			o.response.Code, o.response.location = http.StatusOK, nil
			o.response.Body.Reset()
		},
		"another state": set("state", "other"), "another iss": set("iss", "https://evil.example.test"), "a parameter more": set("scope", "openid"),
		"a code that is short": set("code", "abc"), "a code that can be guessed": set("code", strings.Repeat("a", 64)),
		"another token type": set("token_type", "mac"), "a life that is no number": set("expires_in", "soon"),
		"a state twice": p.arrives(func(v url.Values) { v.Add("state", v.Get("state")) }),
	}
	for _, name := range []string{"state", "iss", "code", "access_token", "id_token", "token_type", "expires_in"} {
		plants["no "+name] = p.arrives(func(v url.Values) { v.Del(name) })
	}
	return plants
}

func (p planter) encoded(o *outcome) string {
	arrived, _ := o.arrived()
	return arrived.Encode()
}

// inIDToken returns faults in the ID tokens of both endpoints, with valid signatures unless the fault is in the signature.
func (p planter) inIDToken() map[string]fault {
	plants := map[string]fault{}
	now := time.Now()
	for what, change := range map[string]map[string]any{
		"another iss": {"iss": "https://evil.example.test"}, "another aud": {"aud": "another"}, "two auds": {"aud": []string{p.web.ID, "another"}},
		"another azp": {"azp": "another"}, "no sub": {"sub": nil}, "another sub": {"sub": "another"}, "a long sub": {"sub": strings.Repeat("x", 256)},
		"expired": {"exp": now.Add(-time.Second).Unix()}, "exp as text": {"exp": "tomorrow"}, "made long ago": {"iat": now.Add(-10 * time.Minute).Unix()},
		"made tomorrow": {"iat": now.Add(24 * time.Hour).Unix()}, "not yet": {"nbf": now.Add(time.Hour).Unix()}, "another nonce": {"nonce": "other"},
		"no nonce": {"nonce": nil}, "no auth_time": {"auth_time": nil}, "auth_time as text": {"auth_time": "1"}, "no acr": {"acr": nil}, "an empty acr": {"acr": ""},
		"another acr": {"acr": "0"}, "amr as text": {"amr": "pwd"}, "fosite's rat": {"rat": now.Unix()}, "a name": {"name": "Ada"}, "an email": {"email": "a@b.example"},
		"another at_hash": {"at_hash": "x"},
	} {
		plants[what+", in front"], plants[what+", behind"] = p.resigned(true, change), p.resigned(false, change)
	}
	plants["no at_hash, in front"] = p.resigned(true, map[string]any{"at_hash": nil})
	plants["no c_hash, in front"] = p.resigned(true, map[string]any{"c_hash": nil})
	plants["another c_hash, in front"] = p.resigned(true, map[string]any{"c_hash": "x"})
	plants["another s_hash, in front"] = p.resigned(true, map[string]any{"s_hash": "x"})
	plants["a c_hash, behind"] = p.resigned(false, map[string]any{"c_hash": "x"})
	plants["another signature"] = p.signedBy(func(text string) string { return text[:len(text)-8] + "AAAAAAAA" })
	plants["unsigned"] = p.signedBy(func(text string) string {
		_, claims := jwttest.TakeApart(p.t, text)
		return jwttest.Compact(p.t, map[string]any{"alg": "none"}, claims, nil)
	})
	plants["another algorithm"] = p.signedBy(func(text string) string { _, claims := jwttest.TakeApart(p.t, text); return p.signed("JWT", claims) })
	plants["no kid"] = p.signedBy(func(text string) string {
		header, claims := jwttest.TakeApart(p.t, text)
		delete(header, "kid")
		return jwttest.Compact(p.t, header, claims, func(string) []byte { return []byte("x") })
	})
	return plants
}

// resigned returns a fault that changes claims of an ID token, where nil removes a claim, and signs it again.
func (p planter) resigned(front bool, change map[string]any) fault {
	sign := func(text string) string {
		_, claims := jwttest.TakeApart(p.t, text)
		for name, value := range change {
			claims[name] = value
			if value == nil {
				delete(claims, name)
			}
		}
		payload, err := json.Marshal(claims)
		require.NoError(p.t, err)
		signed, err := p.keys.Sign("RS256", "JWT", payload, time.Now())
		require.NoError(p.t, err)
		return signed
	}
	return func(o *outcome) {
		if front {
			p.arrives(func(v url.Values) { v.Set("id_token", sign(v.Get("id_token"))) })(o)
			return
		}
		o.tokens.body["id_token"] = sign(o.tokens.body["id_token"].(string))
	}
}

func (p planter) signedBy(sign func(string) string) fault {
	return func(o *outcome) { o.tokens.body["id_token"] = sign(o.tokens.body["id_token"].(string)) }
}
