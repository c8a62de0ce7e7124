package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
)

// One address cannot fill the database with requests that nobody goes on with. Its neighbours, other apps there, and people whom Postern knows do
// not notice; what they could still do is begin a sign-in of their own.
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
		w.provider.limits.app, w.provider.limits.address = newLimits(20, time.Hour), newLimits(30, time.Hour)
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
		w.provider.limits.known = newLimits(1, time.Hour)
		require.Equal(t, http.StatusSeeOther, begin(c, "203.0.113.1:1").Code)
		require.Equal(t, http.StatusTooManyRequests, begin(c, "203.0.113.1:1").Code)
		require.Equal(t, loginRequired, w.authorize(w.request(c, "prompt", "none", "max_age", "0")).query.Get("error"), "nothing is stored for it")
	})
}

// The limits that are in force let thousands of people behind one address sign in, and stop ten thousand requests that nobody goes on with.
func TestFlowLimitsAreGenerous(t *testing.T) {
	passed := func(l *limits, each time.Duration) (n int) {
		for i := range 10_000 {
			if _, wait := l.take("k", noon.Add(time.Duration(i)*each)); wait == 0 {
				n++
			}
		}
		return n
	}
	burst := newFlowLimits()
	for want, l := range map[int]*limits{
		3000: burst.known, 2000: burst.address, 1000: burst.app, 200: burst.unproven, 5000: burst.proven, 300: burst.objects,
	} {
		require.Equal(t, want, passed(l, 0))
	}
	require.Equal(t, 10_000, passed(newFlowLimits().address, time.Second/2), "two a second for hours")
	require.Less(t, passed(newFlowLimits().unproven, time.Millisecond), 1200)
}

func TestPushedRequestsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.at(client.SPA, callback)
		w.provider.limits.unproven, w.provider.limits.proven = newLimits(5, time.Hour), newLimits(10, time.Hour)
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
		require.Equal(t, http.StatusTooManyRequests, w.post("/oauth2/par", w.request(w.web), w.basic, from("198.51.100.1:1")).Code, "counted by itself, from anywhere")
	})
}

// hosted is a server of request objects that counts how often it is asked.
type hosted struct {
	*httptest.Server
	asked  atomic.Int64
	answer atomic.Value // text; empty: 404
}

func newHosted(t *testing.T, text string) *hosted {
	h := &hosted{}
	h.answer.Store(text)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h.asked.Add(1)
		if text := h.answer.Load().(string); text != "" {
			_, _ = io.WriteString(w, text)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(h.Close)
	return h
}

func fragment(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "#" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Anybody can send a registered request_uri, as often as they like: it is fetched once in a while.
func TestRequestObjectsAreRemembered(t *testing.T) {
	h := newHosted(t, "one")
	o := newObjects(fetch.New(fetch.Config{Allow: loopback}))
	always := func() error { return nil }
	get := func(uri string, may func() error, now time.Time) (string, error) {
		return o.get(t.Context(), h.URL+uri, false, may, now)
	}

	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			text, err := get("", always, noon)
			if err != nil || text != "one" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	group.Wait()
	text, err := get(fragment("one"), always, noon.Add(objectKept-1))
	require.NoError(t, err)
	require.Equal(t, "one", text)
	require.LessOrEqual(t, h.asked.Load(), int64(2), "one, and another if it was over before the last began")

	h.asked.Store(0)
	h.answer.Store("two")
	text, err = get(fragment("two"), always, noon)
	require.NoError(t, err)
	require.Equal(t, "two", text, "the fragment says that it has changed")
	h.answer.Store("three")
	text, err = get("", always, noon)
	require.NoError(t, err)
	require.Equal(t, "two", text)
	text, err = get("", always, noon.Add(objectKept))
	require.NoError(t, err)
	require.Equal(t, "three", text)
	require.EqualValues(t, 2, h.asked.Load())

	h.answer.Store("four")
	text, err = o.get(t.Context(), h.URL, true, always, noon.Add(objectKept))
	require.NoError(t, err)
	require.Equal(t, "four", text)

	h.answer.Store("")
	later := noon.Add(2 * objectKept)
	for range 3 {
		_, err = get("", always, later)
		require.ErrorIs(t, err, fetch.ErrAnswer, "that there is none is remembered as well")
	}
	require.EqualValues(t, 4, h.asked.Load())
	refused := errors.New("refused")
	_, err = get("", func() error { return refused }, later.Add(objectKept))
	require.ErrorIs(t, err, refused)
}

// A fetch does not depend on who came first.
func TestRequestObjectsOutliveTheirFirstCaller(t *testing.T) {
	asked, goOn := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-goOn
		_, _ = io.WriteString(w, "one")
	}))
	defer server.Close()
	o := newObjects(fetch.New(fetch.Config{Allow: loopback}))
	ctx, hangUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := o.get(ctx, server.URL, false, func() error { return nil }, noon)
		first <- err
	}()
	<-asked
	hangUp()
	require.ErrorIs(t, <-first, context.Canceled)
	second := make(chan string, 1)
	go func() {
		text, err := o.get(context.Background(), server.URL, false, func() error { return nil }, noon)
		if err != nil {
			text = err.Error()
		}
		second <- text
	}()
	close(goOn)
	require.Equal(t, "one", <-second)
}

// Objects that change all the time are fetched so often for one address and no more. Others are not held by it.
func TestFetchesOfObjectsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := newHosted(t, "no object")
		c := w.asks(func(m *client.Metadata) { m.RequestURIs = []string{h.URL} })
		w.provider.limits.objects = newLimits(3, time.Hour)
		session := w.browser.session
		w.browser.session = nil
		authorize := func(fragment, address string) int {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+url.Values{"client_id": {c.ID}, "request_uri": {h.URL + fragment}}.Encode(), nil)
			r.RemoteAddr = address
			return w.do(r).Code
		}
		for _, changed := range []string{"#1", "#2", "#3"} {
			require.Equal(t, http.StatusBadRequest, authorize(changed, "203.0.113.1:1"))
		}
		require.Equal(t, http.StatusTooManyRequests, authorize("#4", "203.0.113.1:1"))
		require.Equal(t, http.StatusBadRequest, authorize("", "203.0.113.1:1"), "it is remembered")
		require.EqualValues(t, 3, h.asked.Load())
		require.Equal(t, http.StatusBadRequest, authorize("#4", "203.0.113.77:1"), "a neighbour")
		w.browser.session = session
		for range 3 {
			require.Equal(t, http.StatusBadRequest, authorize("", "203.0.113.1:1"), "somebody who is signed in")
		}
		require.EqualValues(t, 7, h.asked.Load(), "each time")
		require.Equal(t, http.StatusTooManyRequests, authorize("", "203.0.113.1:1"))
	})
}
