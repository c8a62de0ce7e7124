package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// lossy is a request that is repeated, losing the answer to another of its statements each time; the statement is executed.
type lossy struct {
	name    string
	prepare func(v *visitor) string // returns what the request needs
	request func(v *visitor, with string) (status int, err error)
	again   []int // statuses that a second try may have
	after   func(v *visitor)
}

// TestLostAnswers loses the answer to each statement of a sign-in, a redemption and a refresh. The request is answered with 503, no audit
// entry reports something that did not happen, and the repeated request succeeds.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	db.Open(t) // migrates
	proxy := storagetest.NewProxy(t, db)
	a := newTestApp(t, db.Through(t, proxy), "http://localhost:4280")
	id, secret := addClient(t, a, client.Web, failoverCallback, func(m *client.Metadata) { m.Consent = client.ConsentSkip })
	app := &relyingApp{
		issuer: a.cfg.Issuer, id: id, secret: secret, patience: 10 * time.Second, transport: browsertest.InProcess{"localhost:4280": a.public},
	}
	now, people := time.Now(), 0
	signedIn := func(v *visitor) {
		taken, err := v.signIn(browsertest.Code(t, v.uri, now))
		require.NoError(t, err)
		require.True(t, taken)
	}
	for _, tc := range []lossy{
		{
			name: "password",
			prepare: func(v *visitor) string {
				page, _, err := v.send(http.MethodGet, v.authorizeURL("login"), nil, http.StatusOK)
				require.NoError(t, err)
				return page.Request.URL.String()
			},
			request: func(v *visitor, page string) (int, error) {
				return v.status(http.MethodPost, page, url.Values{"username": {v.name}, "password": {adaPassword}})
			},
			again: []int{http.StatusSeeOther},
		},
		{
			name: "one-time code",
			prepare: func(v *visitor) string {
				page, err := v.begin()
				require.NoError(t, err)
				return page
			},
			request: func(v *visitor, page string) (int, error) {
				return v.status(http.MethodPost, page, url.Values{"code": {browsertest.Code(t, v.uri, now)}})
			},
			again: []int{http.StatusSeeOther, http.StatusUnprocessableEntity}, // "it was finished in another tab": the session is there, its cookie got lost
			after: func(v *visitor) {
				taken, err := v.signIn(browsertest.Code(t, v.uri, now.Add(30*time.Second)))
				require.NoError(t, err)
				require.True(t, taken)
			},
		},
		{
			name: "redemption",
			prepare: func(v *visitor) string {
				signedIn(v)
				arrived, _, err := v.send(http.MethodGet, v.authorizeURL("none"), nil, http.StatusSeeOther)
				require.NoError(t, err)
				return queryOf(t, arrived).Get("code")
			},
			request: func(v *visitor, code string) (int, error) { return v.redeemCode(code) },
			again:   []int{http.StatusOK, http.StatusBadRequest}, // a code that was redeemed is used (RFC 6749 section 4.1.2)
		},
		{
			name:    "refresh",
			prepare: func(v *visitor) string { signedIn(v); return v.refresh },
			request: func(v *visitor, token string) (int, error) {
				return v.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
			},
			again: []int{http.StatusOK},
			after: func(v *visitor) {
				status, err := v.refreshed()
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, status)
			},
		},
	} {
		for n := 1; ; n++ {
			now = time.Now()
			people++
			v := addVisitor(t, a, app, fmt.Sprintf("person%d", people))
			with := tc.prepare(v)
			require.NoError(t, a.store.Ping(t.Context()), "there is a connection")
			proxy.LoseAnswer(n)
			status, err := tc.request(v, with)
			if proxy.Pending() {
				proxy.LoseAnswer(0)
				require.NoError(t, err, tc.name)
				require.Contains(t, tc.again, status, tc.name)
				require.Greater(t, n, 1, tc.name)
				break
			}
			out := (*outage)(nil)
			require.ErrorAs(t, err, &out, "%s, statement %d: %d", tc.name, n, status)
			requireNoFalseEntry(t, a, v)
			status, err = tc.request(v, with)
			require.NoError(t, err, "%s, statement %d", tc.name, n)
			require.Contains(t, tc.again, status, "%s, statement %d", tc.name, n)
			if status != http.StatusBadRequest {
				requireNoFalseEntry(t, a, v)
			}
			if tc.after != nil {
				tc.after(v)
			}
		}
	}
}

// requireNoFalseEntry checks that no audit entry reports a refusal, because nothing was refused.
func requireNoFalseEntry(t *testing.T, a *app, v *visitor) {
	t.Helper()
	user, err := a.store.Users.Find(t.Context(), v.name)
	require.NoError(t, err)
	events, err := a.store.Events.List(t.Context(), storage.EventQuery{UserID: user.ID, Limit: 100})
	require.NoError(t, err)
	for _, e := range events {
		for _, word := range []string{"refused", "replayed", "reused", "throttled", "revoked"} {
			require.False(t, strings.Contains(e.Name, word), "%s: %s", v.name, e.Name)
		}
	}
}

// status sends a form and returns the status of its answer, without following where it leads.
func (v *visitor) status(method, address string, form url.Values) (int, error) {
	stay := *v.client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	here := *v
	here.client = &stay
	answer, _, err := here.send(method, address, form, http.StatusSeeOther, http.StatusUnprocessableEntity)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, nil
}
