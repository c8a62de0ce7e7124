package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// requireGone checks that nothing that v has used up works again.
func (v *visitor) requireGone() {
	for _, code := range v.spent {
		taken, err := v.signIn(code)
		require.NoError(v.t, err)
		require.False(v.t, taken, "%s: a one-time code signs in again", v.name)
	}
	for _, token := range v.revoked {
		active, err := v.active(token)
		require.NoError(v.t, err)
		require.False(v.t, active, "%s: a revoked token is good again", v.name)
	}
	for _, code := range v.codes {
		status, err := v.redeemCode(code)
		require.NoError(v.t, err)
		require.Equal(v.t, http.StatusBadRequest, status, "%s: an authorization code is good again", v.name)
	}
}

// requireKept checks that everything that v was given still exists.
func (v *visitor) requireKept() {
	arrived, _, err := v.send(http.MethodGet, v.authorizeURL("none"), nil, http.StatusSeeOther)
	require.NoError(v.t, err)
	require.NotEmpty(v.t, queryOf(v.t, arrived).Get("code"), "%s: the session is gone", v.name)
	status, err := v.refreshed()
	require.NoError(v.t, err)
	require.Equal(v.t, http.StatusOK, status, "%s: the refresh token is gone", v.name)
	active, err := v.active(v.access)
	require.NoError(v.t, err)
	require.True(v.t, active, v.name)
}

// TestFailOver kills the leader of a database whose synchronous standby was cut off before, and promotes the standby. Every success is
// still in the database, nothing that was used up works again, and requests that were answered with 503 can be repeated.
func TestFailOver(t *testing.T) {
	t.Parallel()
	pair := storagetest.NewPair(t)
	db := pair.Database()
	for round := range 3 {
		if round > 0 {
			pair.AddStandby()
		}
		failOver(t, pair, pair.Reach(db), round)
	}
}

// failoverActs are the requests made while the standby is away.
var failoverActs = []struct {
	name    string
	prepare func(v *visitor) (page string, err error)
	do      func(v *visitor, page, code string) error
	// confirms says that a second try builds on what the first one left in the database.
	confirms bool
}{
	{"send the one-time code", (*visitor).begin, func(v *visitor, page, code string) error {
		taken, err := v.finish(page, code)
		if err == nil && !taken {
			err = fmt.Errorf("%s: a new code is refused", v.name)
		}
		return err
	}, false},
	{"sign in", nothing, func(v *visitor, _, code string) error {
		taken, err := v.signIn(code)
		if err == nil && !taken {
			err = fmt.Errorf("%s: a new code is refused", v.name)
		}
		return err
	}, false},
	{"refresh, twice at once", nothing, (*visitor).refreshTwice, true},
	{"revoke an access token", nothing, func(v *visitor, _, _ string) error { return v.revoke(v.access) }, true},
	{"revoke a refresh token", nothing, func(v *visitor, _, _ string) error { return v.revoke(v.refresh) }, true},
}

// refreshTwice sends one refresh token twice at once, as a hasty app does. Both answers must be of the same kind.
func (v *visitor) refreshTwice(string, string) error {
	twin := *v
	other := make(chan error, 1)
	go func() {
		status, err := twin.refreshed()
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: refresh: %d", v.name, status)
		}
		other <- err
	}()
	status, err := v.refreshed()
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: refresh: %d", v.name, status)
	}
	if second := <-other; (err == nil) != (second == nil) {
		return fmt.Errorf("%s: one of two refreshes succeeds: %v, %v", v.name, err, second) //nolint:errorlint // neither is the outage that is looked for
	}
	return err
}

func nothing(*visitor) (string, error) { return "", nil }

func failOver(t *testing.T, pair *storagetest.Pair, db *storagetest.Database, round int) {
	a := newTestApp(t, db, "http://localhost:4280")
	id, secret := addClient(t, a, client.Web, failoverCallback, func(m *client.Metadata) { m.Consent = client.ConsentSkip })
	app := &relyingApp{
		issuer: a.cfg.Issuer, id: id, secret: secret, patience: 10 * time.Second,
		transport: browsertest.InProcess{"localhost:4280": a.public},
	}
	people, pages, codes := make([]*visitor, 2*len(failoverActs)), make([]string, 2*len(failoverActs)), make([]string, 2*len(failoverActs))
	now := time.Now()
	for i := range people {
		v := addVisitor(t, a, app, fmt.Sprintf("person%d-%d", round, i))
		taken, err := v.signIn(browsertest.Code(t, v.uri, now))
		require.NoError(t, err)
		require.True(t, taken)
		people[i], codes[i] = v, browsertest.Code(t, v.uri, now.Add(30*time.Second))
		pages[i], err = failoverActs[i%len(failoverActs)].prepare(v)
		require.NoError(t, err)
	}

	pair.Part()
	app.patience = 2 * time.Second // a request ends then as it does at the server's own limit
	act := func(i int) error { return failoverActs[i%len(failoverActs)].do(people[i], pages[i], codes[i]) }
	errs := make([]error, len(people))
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() { errs[i] = act(i) })
	}
	ended := make(chan struct{})
	go func() {
		all.Wait()
		close(ended)
	}()
	if round%2 == 1 { // an operator makes the leader confirm what the standby does not have
		require.Eventually(t, func() bool {
			pair.CancelWaiting()
			select {
			case <-ended:
				return true
			default:
				return false
			}
		}, 10*time.Second, 50*time.Millisecond)
	}
	<-ended
	if round%2 == 1 {
		// Only the leader has this change. A success that builds on it would be lost as well.
		for i, v := range people {
			if failoverActs[i%len(failoverActs)].confirms {
				out := (*outage)(nil)
				require.ErrorAs(t, act(i), &out, "%s: %s again", v.name, failoverActs[i%len(failoverActs)].name)
			}
		}
	}
	for i, err := range errs {
		out := (*outage)(nil)
		require.ErrorAs(t, err, &out, "%s: %s", people[i].name, failoverActs[i%len(failoverActs)].name)
	}

	pair.FailOver()
	app.patience = 10 * time.Second
	require.Eventually(t, func() bool { return a.store.Ping(t.Context()) == nil }, 10*time.Second, 50*time.Millisecond)
	for i, v := range people {
		require.NoError(t, act(i), "what was answered with 503 is done again")
		if len(v.revoked) == 0 {
			v.requireKept()
		}
	}
	for _, v := range people {
		v.requireGone()
	}
}
