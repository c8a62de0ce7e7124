package provider

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Limits of logout notices.
const (
	logoutClaim    = 5 * time.Minute // how long a notice is reserved for the replica that has claimed it
	logoutRefusals = 3               // attempts that a client may answer with 400
)

// logoutWaits are the waits between the attempts to send a notice.
var logoutWaits = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// LO-08: a notice that fails is sent again after longer and longer waits, but not for ever.
func failedNoticesAreRetried(t *testing.T, w *world) {
	h := w.addLogoutReceiver()
	at := time.Now()
	end := func() string {
		w.signIn(time.Now())
		w.codeFlow(h)
		sid := w.sid()
		require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
		return sid
	}
	before := w.events(audit.LogoutGivenUp)
	sid := end()
	h.respondWith(http.StatusServiceUnavailable)
	jtis := map[any]bool{}
	for n, wait := range logoutWaits {
		w.sendNotices(at)
		tokens := h.received()
		require.Len(t, tokens, 1, "attempt %d", n)
		jtis[w.logoutTokenAt(tokens[0], at)["jti"]] = true
		v := w.clientSession(sid)
		require.Equal(t, n+1, v.Attempts)
		require.Equal(t, "the client answered 503", v.Failure)
		require.WithinDuration(t, at.Add(wait), v.NextAttemptAt.Time, 5*time.Second)
		w.sendNotices(at.Add(wait - time.Second))
		require.Empty(t, h.received(), "too early")
		at = v.NextAttemptAt.Time
	}
	require.Len(t, jtis, len(logoutWaits), "every attempt has a new token")
	w.sendNotices(at)
	require.Len(t, h.received(), 1)
	require.False(t, w.clientSession(sid).GivenUpAt.IsZero())
	require.Equal(t, before+1, w.events(audit.LogoutGivenUp))
	w.sendNotices(at.Add(1000 * time.Hour))
	require.Empty(t, h.received())

	sid, at = end(), time.Now()
	w.sendNotices(at)
	h.respondWith(http.StatusNoContent)
	w.sendNotices(w.clientSession(sid).NextAttemptAt.Time)
	require.Len(t, h.received(), 2)
	require.False(t, w.clientSession(sid).DeliveredAt.IsZero())

	sid, at = end(), time.Now()
	h.respondWith(http.StatusBadRequest)
	for range logoutRefusals {
		w.sendNotices(at)
		at = at.Add(time.Hour)
	}
	require.Len(t, h.received(), logoutRefusals)
	v := w.clientSession(sid)
	require.False(t, v.GivenUpAt.IsZero())
	require.Equal(t, "the client answered 400", v.Failure)
	require.Equal(t, before+2, w.events(audit.LogoutGivenUp))
}

// LO-08: whatever the client's server does, the person is signed out at once, and Postern follows no redirect and reads no body.
func logoutDoesNotWait(t *testing.T, w *world) {
	h, other := w.addLogoutReceiver(), w.addLogoutReceiver()
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer canary.Close()
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	written := make(chan int, 1)
	for _, tc := range []struct {
		name, failure string
		answer        http.HandlerFunc
	}{
		{"redirect", "the client answered 307", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, canary.URL, http.StatusTemporaryRedirect)
		}},
		{"nothing", "the client's server was not reached", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"100 MB", "", func(rw http.ResponseWriter, _ *http.Request) {
			sent := 0
			for block := make([]byte, 1<<20); sent < 100<<20; {
				n, err := rw.Write(block)
				sent += n
				if err != nil {
					break
				}
			}
			written <- sent
		}},
		{"slow", "", func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release }},
	} {
		w.signIn(time.Now())
		w.codeFlow(h)
		hint, sid := w.codeFlow(other), w.sid()
		h.mu.Lock()
		h.answer = tc.answer
		h.mu.Unlock()
		start := time.Now()
		requireGoesTo(t, w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout), afterLogout)
		require.Less(t, time.Since(start), 2*time.Second)
		told := make(chan error)
		notifier := w.notifier()
		go func() { told <- notifier.SendDue(t.Context(), time.Now()) }()
		if tc.name == "slow" {
			<-arrived
			w.signIn(time.Now())
			requirePage(t, w.confirmLogout(), http.StatusOK, doneText)
			require.Eventually(t, func() bool { return len(other.received()) == 1 }, 4*time.Second, 5*time.Millisecond, "the other client does not wait for the slow one")
			close(release)
		}
		require.NoError(t, <-told)
		if tc.name == "100 MB" {
			require.Less(t, <-written, 50<<20)
		}
		sessions, err := w.store.ClientSessions.OfSession(t.Context(), sid)
		require.NoError(t, err)
		for _, v := range sessions {
			require.Equal(t, v.ClientID == other.ID || tc.failure == "", !v.DeliveredAt.IsZero(), "%s: %+v", tc.name, v)
			if v.ClientID == h.ID {
				require.Equal(t, tc.failure, v.Failure)
			}
		}
		h.received()
		other.received()
	}
}

// CA-21: no notice is sent to an internal address that the operator has not allowed.
func internalAddressesNotNotified(t *testing.T, w *world) {
	strict := joinWorld(t, w.store, func(cfg *Config) {
		cfg.Fetch = fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	})
	h := w.addLogoutReceiver()
	w.codeFlow(h)
	sid := w.sid()
	require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
	strict.sendNotices(time.Now())
	require.Empty(t, h.received())
	require.Equal(t, "the address is not allowed for outgoing requests", w.clientSession(sid).Failure)
}

// A client's server that is down gets one request in a round, however many notices there are for it. When it is up again, all are delivered.
func unreachableClientAskedOnce(t *testing.T, w *world) {
	h := w.addLogoutReceiver()
	for range 5 {
		w.signIn(time.Now())
		w.codeFlow(h)
	}
	_, err := w.store.Sessions.EndAll(t.Context(), w.user.ID)
	require.NoError(t, err)
	working := h.answer
	h.mu.Lock()
	h.answer = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	h.mu.Unlock()
	w.sendNotices(time.Now())
	require.Len(t, h.received(), 1)
	waiting, next, err := w.store.ClientSessions.Waiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, waiting)
	require.WithinDuration(t, time.Now().Add(logoutWaits[0]), next, 5*time.Second)
	h.mu.Lock()
	h.answer = working
	h.mu.Unlock()
	w.sendNotices(next.Add(5 * time.Second))
	require.Len(t, h.received(), 5)
}

// Two replicas send 50 rounds at once: every client gets one notice for every session.
func TestRaceOfNotifiers(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t))
		other := joinWorld(t, db.Open(t))
		clients := []*logoutReceiver{w.addLogoutReceiver(), w.addLogoutReceiver(), w.addLogoutReceiver()}
		for range 4 {
			for range 3 {
				w.signIn(time.Now())
				for _, h := range clients {
					w.codeFlow(h)
				}
			}
			_, err := w.store.Sessions.EndAll(t.Context(), w.user.ID)
			require.NoError(t, err)
			now := time.Now()
			var group sync.WaitGroup
			for i := range racers {
				notifier := []*world{w, other}[i%2].notifier()
				group.Go(func() {
					if err := notifier.SendDue(t.Context(), now); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			w.sendNotices(now) // in case another replica had the lease in the last round
			for _, h := range clients {
				require.Len(t, h.received(), 3)
			}
		}
	})
}

// Another replica sends at once the notices that a stopping replica has no time for, and those that a crashed replica had claimed when the claim
// ends.
func replicasTakeOver(t *testing.T, w *world) {
	h := w.addLogoutReceiver()
	for range 3 {
		w.signIn(time.Now())
		w.codeFlow(h)
	}
	_, err := w.store.Sessions.EndAll(t.Context(), w.user.ID)
	require.NoError(t, err)
	before := w.events(audit.LogoutDelivered)
	ctx, stop := context.WithCancel(t.Context())
	h.mu.Lock()
	h.answer = func(http.ResponseWriter, *http.Request) { stop() }
	h.mu.Unlock()
	now := time.Now()
	require.NoError(t, w.notifier().SendDue(ctx, now))
	require.Len(t, h.received(), 1)
	require.Equal(t, before+1, w.events(audit.LogoutDelivered), "the notice that was being sent is recorded")
	_, err = w.store.ClientSessions.Claim(t.Context(), now.Add(logoutClaim), now.Add(time.Minute))
	require.NoError(t, err, "claimed by a replica that crashes")
	require.NoError(t, w.notifier().SendDue(t.Context(), now.Add(time.Minute)))
	require.Len(t, h.received(), 1)
	require.NoError(t, w.notifier().SendDue(t.Context(), now.Add(logoutClaim)))
	require.Len(t, h.received(), 1)
	require.Equal(t, before+3, w.events(audit.LogoutDelivered))
}
