package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// from posts a form as a browser does from a page of another origin.
func (w *world) from(site, path, body string) answer {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Origin", "https://app.example.test")
	return w.do(r)
}

// A form of another site comes without our cookies, so the browser is redirected and sends the request again, in the query and with the cookies.
func TestFormsOfOtherSitesComeBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form := w.request(w.web, "state", "a b&c=d é")
		for _, site := range []string{"cross-site", "same-site"} {
			a := w.from(site, "/oauth2/auth", form.Encode())
			require.Equal(t, http.StatusSeeOther, a.Code)
			require.Equal(t, issuer+"/oauth2/auth?"+form.Encode(), a.location.String())
			require.Empty(t, a.Header().Values("Set-Cookie"))
			require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
			done := w.get(strings.TrimPrefix(a.location.String(), issuer))
			require.NotEmpty(t, done.query.Get("code"), done.location)
			require.Equal(t, "a b&c=d é", done.query.Get("state"))
		}
		require.NotEmpty(t, w.from("same-origin", "/oauth2/auth", form.Encode()).query.Get("code"))
		old := httptest.NewRequest(http.MethodPost, "/oauth2/auth", strings.NewReader(form.Encode())) // an old browser, which sends only its origin
		old.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		old.Header.Set("Origin", "https://app.example.test")
		require.True(t, strings.HasPrefix(w.do(old).location.String(), issuer+"/oauth2/auth?"))

		// Faults in the parameters are kept.
		split := url.Values{"client_id": form["client_id"], "state": {"beside"}}.Encode()
		for path, body := range map[string]string{
			"/oauth2/auth": form.Encode() + "&scope=email", "/oauth2/auth?scope=email": form.Encode(), "/oauth2/auth?" + split: form.Encode(),
		} {
			a := w.from("cross-site", path, body)
			require.Equal(t, http.StatusSeeOther, a.Code)
			again := w.get(strings.TrimPrefix(a.location.String(), issuer))
			if strings.Contains(path, "client_id") {
				requirePage(t, again, http.StatusBadRequest, "client_id")
				continue
			}
			requireRefusal(t, again, callback, invalidRequest)
		}
		requirePage(t, w.from("cross-site", "/oauth2/auth", "client_id=%zz"), http.StatusBadRequest, "not form-encoded")
		requirePage(t, w.from("cross-site", "/oauth2/auth", form.Encode()+"&x="+strings.Repeat("x", 12<<10)), http.StatusRequestEntityTooLarge, "too large")
		require.Equal(t, issuer+"/oauth2/auth?flow=x%0D%0ASet-Cookie%3A+a%3Db", w.from("cross-site", "/oauth2/auth", "flow=x%0d%0aSet-Cookie:%20a=b").location.String())
	})
}
