package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/authorize"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch/fetchtest"
	"github.com/postern-id/postern/provider/limit"
)

// One address cannot fill the database with requests that are never continued. Other addresses, other apps at the same address, and known people and
// browsers are not affected.
func TestFlowsOfOneAddressAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		other, _ := w.asking(client.Web, callback)
		session := w.browser.session
		w.browser.session = nil
		begin := func(c *client.Client, address string) answer {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+w.request(c).Encode(), nil)
			r.RemoteAddr = address
			return w.do(r)
		}
		w.limit(func(l *authorize.Limits) { l.App, l.Address = limit.New(20, time.Hour), limit.New(30, time.Hour) })
		for range 20 {
			require.Equal(t, http.StatusSeeOther, begin(c, "203.0.113.1:1").Code)
		}
		late := begin(c, "203.0.113.1:1")
		require.Equal(t, http.StatusTooManyRequests, late.Code)
		require.Equal(t, "3600", late.Header().Get("Retry-After"))
		require.Contains(t, late.Body.String(), "Many people are signing in at this moment")

		require.Equal(t, http.StatusSeeOther, begin(c, "203.0.113.77:1").Code, "a neighbour")
		for range 10 {
			require.Equal(t, http.StatusSeeOther, begin(other, "203.0.113.1:1").Code, "another app behind the same address")
		}
		require.Equal(t, http.StatusTooManyRequests, begin(other, "203.0.113.1:1").Code)
		w.browser.known = "a browser in which somebody signed in before"
		require.Equal(t, http.StatusSeeOther, begin(c, "203.0.113.1:1").Code)
		w.browser.known, w.browser.session = "", session
		require.Equal(t, http.StatusSeeOther, begin(c, "203.0.113.1:1").Code, "somebody who is signed in")
		w.limit(func(l *authorize.Limits) { l.Known = limit.New(1, time.Hour) })
		require.Equal(t, http.StatusSeeOther, begin(c, "203.0.113.1:1").Code)
		require.Equal(t, http.StatusTooManyRequests, begin(c, "203.0.113.1:1").Code)
		require.Equal(t, loginRequired, w.authorize(w.request(c, "prompt", "none", "max_age", "0")).query.Get("error"), "nothing is stored for it")
	})
}

func TestPushedRequestsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.at(client.SPA, callback)
		w.limit(func(l *authorize.Limits) { l.Unproven, l.Proven = limit.New(5, time.Hour), limit.New(10, time.Hour) })
		push := func(address string) answer {
			return w.post("/oauth2/par", w.request(public), from(address))
		}
		for range 5 {
			require.Equal(t, http.StatusCreated, push("203.0.113.1:1").Code)
		}
		late := push("203.0.113.1:1")
		requireError(t, late, http.StatusTooManyRequests, temporarilyUnavailable)
		require.Equal(t, "3600", late.Header().Get("Retry-After"))
		require.Equal(t, http.StatusCreated, push("203.0.113.77:1").Code, "a neighbour")
		for range 10 {
			require.Equal(t, http.StatusCreated, w.post("/oauth2/par", w.request(w.web), w.basic, from("203.0.113.1:1")).Code)
		}
		require.Equal(t, http.StatusTooManyRequests, w.post("/oauth2/par", w.request(w.web), w.basic, from("198.51.100.1:1")).Code, "a confidential client is counted for all its addresses")
	})
}

// The number of fetches of request objects for one address is limited. Other addresses and people who are signed in are not affected.
func TestFetchesOfObjectsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := fetchtest.NewHosted(t, "no object")
		c := w.asks(func(m *client.Metadata) { m.RequestURIs = []string{h.URL} })
		w.limit(func(l *authorize.Limits) { l.Objects = limit.New(3, time.Hour) })
		session := w.browser.session
		w.browser.session = nil
		ask := func(fragment, address string) int {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+url.Values{"client_id": {c.ID}, "request_uri": {h.URL + fragment}}.Encode(), nil)
			r.RemoteAddr = address
			return w.do(r).Code
		}
		for _, changed := range []string{"#1", "#2", "#3"} {
			require.Equal(t, http.StatusBadRequest, ask(changed, "203.0.113.1:1"))
		}
		require.Equal(t, http.StatusTooManyRequests, ask("#4", "203.0.113.1:1"))
		require.Equal(t, http.StatusBadRequest, ask("", "203.0.113.1:1"), "the object is kept")
		require.EqualValues(t, 3, h.Asked.Load())
		require.Equal(t, http.StatusBadRequest, ask("#4", "203.0.113.77:1"), "a neighbour")
		w.browser.session = session
		for range 3 {
			require.Equal(t, http.StatusBadRequest, ask("", "203.0.113.1:1"), "somebody who is signed in")
		}
		require.EqualValues(t, 7, h.Asked.Load(), "each time")
		require.Equal(t, http.StatusTooManyRequests, ask("", "203.0.113.1:1"))
	})
}
