package provider

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const formType = "application/x-www-form-urlencoded"

// unsized hides the length of a body, so that it is sent in chunks.
type unsized struct{ io.Reader }

// inputs returns malformed requests to an endpoint, and the status of their answers.
func inputs(form url.Values) map[string]struct {
	body         io.Reader
	kind, coding string
	query        string
	want         int
} {
	type input = struct {
		body         io.Reader
		kind, coding string
		query        string
		want         int
	}
	text := form.Encode()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(text))
	_ = zip.Close()
	list := map[string]input{
		"no type":            {strings.NewReader(text), "", "", "", http.StatusUnsupportedMediaType},
		"JSON":               {strings.NewReader(`{"grant_type":"authorization_code"}`), "application/json", "", "", http.StatusUnsupportedMediaType},
		"a form, as JSON":    {strings.NewReader(text), "application/json", "", "", http.StatusUnsupportedMediaType},
		"a form, as text":    {strings.NewReader(text), "text/plain", "", "", http.StatusUnsupportedMediaType},
		"multipart":          {strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nx\r\n--x--"), "multipart/form-data; boundary=x", "", "", http.StatusUnsupportedMediaType},
		"a malformed type":   {strings.NewReader(text), "application/x-www-form-urlencoded; =", "", "", http.StatusUnsupportedMediaType},
		"gzip":               {&packed, formType, "gzip", "", http.StatusUnsupportedMediaType},
		"said to be gzip":    {strings.NewReader(text), formType, "gzip", "", http.StatusUnsupportedMediaType},
		"too long":           {strings.NewReader(text + "&x=" + strings.Repeat("x", maxBody-len(text)-2)), formType, "", "", http.StatusRequestEntityTooLarge},
		"too long, chunked":  {unsized{strings.NewReader(text + "&x=" + strings.Repeat("x", maxBody))}, formType, "", "", http.StatusRequestEntityTooLarge},
		"endless":            {unsized{endless{}}, formType, "", "", http.StatusRequestEntityTooLarge},
		"a NUL":              {strings.NewReader(text + "&x=%00"), formType, "", "", http.StatusBadRequest},
		"a NUL in a name":    {strings.NewReader(text + "&%00=x"), formType, "", "", http.StatusBadRequest},
		"invalid UTF-8":      {strings.NewReader(text + "&x=%ff"), formType, "", "", http.StatusBadRequest},
		"half an escape":     {strings.NewReader(text + "&x=%"), formType, "", "", http.StatusBadRequest},
		"many parameters":    {strings.NewReader(text + "&" + manyParameters(maxParameters)), formType, "", "", http.StatusBadRequest},
		"a body that breaks": {unsized{io.MultiReader(strings.NewReader(text), broken{})}, formType, "", "", http.StatusBadRequest},
	}
	for name := range form {
		list["twice: "+name] = input{strings.NewReader(text + "&" + url.Values{name: form[name]}.Encode()), formType, "", "", http.StatusBadRequest}
		list["in the query too: "+name] = input{strings.NewReader(text), formType, "", url.Values{name: form[name]}.Encode(), http.StatusBadRequest}
		rest := params(form, name, "")
		list["in the query only: "+name] = input{strings.NewReader(rest.Encode()), formType, "", url.Values{name: form[name]}.Encode(), http.StatusBadRequest}
		list["a NUL in "+name] = input{strings.NewReader(params(form, name, form.Get(name)+"\x00").Encode()), formType, "", "", http.StatusBadRequest}
	}
	list["something in the query"] = input{strings.NewReader(text), formType, "", "x", http.StatusBadRequest}
	return list
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// The sender of a malformed request gets an error, and the request has no effect.
func TestInputs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code, tokens := w.code(w.web), w.offline()
		for path, form := range map[string]url.Values{
			"/oauth2/token":      {"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}},
			"/oauth2/revoke":     {"token": {tokens["refresh_token"].(string)}, "token_type_hint": {"refresh_token"}},
			"/oauth2/introspect": {"token": {tokens["access_token"].(string)}},
		} {
			for name, in := range inputs(form) {
				r := httptest.NewRequest(http.MethodPost, path+"?"+in.query, in.body)
				r.Header.Set("Content-Type", in.kind)
				r.Header.Set("Content-Encoding", in.coding)
				w.basic(r)
				a := w.do(r)
				require.Equal(t, in.want, a.Code, "%s at %s: %s", name, path, a.Body.String())
				requireError(t, a, in.want, invalidRequest)
			}
		}
		require.Equal(t, true, w.introspect(tokens["access_token"].(string))["active"])
		requireTokens(t, w.refresh(tokens["refresh_token"].(string)))
		requireTokens(t, w.redeem(code))
	})
}

func TestMethods(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/userinfo"} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodTrace, http.MethodConnect} {
				if path == "/userinfo" && method == http.MethodGet {
					continue
				}
				for _, override := range []string{"", http.MethodPost} {
					r := httptest.NewRequest(http.MethodPost, path+"?"+form.Encode(), strings.NewReader(form.Encode()))
					r.Method = method
					r.Header.Set("Content-Type", formType)
					r.Header.Set("X-HTTP-Method-Override", override)
					w.basic(r)
					require.Equal(t, http.StatusMethodNotAllowed, w.do(r).Code, "%s %s", method, path)
				}
			}
		}
		for _, path := range []string{"//oauth2/token", "/oauth2//token", "/oauth2/token/", "/oauth2/token;x", "/oauth2/token%2f", "/OAUTH2/token"} {
			a := w.post(path, form)
			require.NotEqual(t, http.StatusOK, a.Code, path)
			require.NotContains(t, a.body, "access_token")
		}
		requireTokens(t, w.redeem(code))
	})
}

// The authorization endpoint answers malformed requests with a page, or with an error at the client's redirect URI.
func TestAuthorizeInputs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form := w.request(w.web)
		for name, in := range inputs(form) {
			r := httptest.NewRequest(http.MethodPost, "/oauth2/auth?"+in.query, in.body)
			r.Header.Set("Content-Type", in.kind)
			r.Header.Set("Content-Encoding", in.coding)
			a := w.do(r)
			switch {
			case strings.HasPrefix(name, "in the query only"), name == "something in the query":
				require.NotEmpty(t, a.query.Get("code"), name)
			case a.Code == http.StatusSeeOther:
				requireRefusal(t, a, callback, invalidRequest)
			default:
				requirePage(t, a, in.want, "This link does not work")
			}
		}
		for name := range form {
			for _, wild := range []string{"\x00", "a\x00b", "' OR 1=1 --", `"><script>alert(1)</script>`, "{{.}}", "${jndi:ldap://x}", "%s%n", "\u202e\u2066", strings.Repeat("x", maxParameter+1)} {
				a := w.authorize(params(form, name, wild))
				require.Less(t, a.Code, http.StatusInternalServerError, "%s=%s", name, wild)
				require.NotContains(t, a.Body.String(), "<script>alert")
				require.NotContains(t, a.Header().Get("Location"), "<")
				if name == "client_id" || name == "redirect_uri" {
					require.Equal(t, http.StatusBadRequest, a.Code)
				}
			}
		}
	})
}

// URLs are built from the issuer, whatever the headers of a request contain.
func TestAddressesComeFromTheIssuer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.browser.session = nil
		r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+w.request(w.web).Encode(), nil)
		r.Host = "evil.example.test"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL", "Forwarded"} {
			r.Header.Set(name, "//evil.example.test/")
		}
		a := w.do(r)
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/login?flow="), a.location.String())
		r = httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)
		r.Host = "evil.example.test"
		require.NotContains(t, w.do(r).Body.String(), "evil")
	})
}

// manyParameters returns n parameters with different names.
func manyParameters(n int) string {
	form := url.Values{}
	for i := range n {
		form.Set("p"+strings.Repeat("x", i), "1")
	}
	return form.Encode()
}
