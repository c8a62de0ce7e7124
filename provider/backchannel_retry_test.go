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

// The pace at which clients are told of logouts.
const (
	logoutClaim    = 5 * time.Minute // how long a replica that has taken a notice keeps others from it
	logoutRefusals = 3               // attempts that a client may answer with 400
)

// logoutWaits are the times between the attempts to tell a client.
var logoutWaits = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// LO-08: a client that does not answer well is asked again, later and later, and not for ever.
func thoseThatFailToldLater(t *testing.T, w *world) {
	h := w.hear()
	at := time.Now()
	end := func() string {
		w.signIn(time.Now())
		w.visit(h)
		sid := w.sid()
		require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
		return sid
	}
	before := w.events(audit.LogoutGivenUp)
	sid := end()
	h.answers(http.StatusServiceUnavailable)
	jtis := map[any]bool{}
	for n, wait := range logoutWaits {
		w.tell(at)
		tokens := h.heard()
		require.Len(t, tokens, 1, "attempt %d", n)
		jtis[w.logoutTokenAt(tokens[0], at)["jti"]] = true
		v := w.clientSession(sid)
		require.Equal(t, n+1, v.Attempts)
		require.Equal(t, "the client answered 503", v.Failure)
		require.WithinDuration(t, at.Add(wait), v.NextAttemptAt.Time, 5*time.Second)
		w.tell(at.Add(wait - time.Second))
		require.Empty(t, h.heard(), "too early")
		at = v.NextAttemptAt.Time
	}
	require.Len(t, jtis, len(logoutWaits), "every attempt has a token of its own")
	w.tell(at)
	require.Len(t, h.heard(), 1)
	require.False(t, w.clientSession(sid).GivenUpAt.IsZero())
	require.Equal(t, before+1, w.events(audit.LogoutGivenUp))
	w.tell(at.Add(1000 * time.Hour))
	require.Empty(t, h.heard())

	sid, at = end(), time.Now()
	w.tell(at)
	h.answers(http.StatusNoContent)
	w.tell(w.clientSession(sid).NextAttemptAt.Time)
	require.Len(t, h.heard(), 2)
	require.False(t, w.clientSession(sid).DeliveredAt.IsZero())

	sid, at = end(), time.Now()
	h.answers(http.StatusBadRequest)
	for range logoutRefusals {
		w.tell(at)
		at = at.Add(time.Hour)
	}
	require.Len(t, h.heard(), logoutRefusals)
	v := w.clientSession(sid)
	require.False(t, v.GivenUpAt.IsZero())
	require.Equal(t, "the client answered 400", v.Failure)
	require.Equal(t, before+2, w.events(audit.LogoutGivenUp))
}

// LO-08: whatever the client's server does, the person is signed out at once, and Postern follows nobody and reads nothing.
func logoutDoesNotWait(t *testing.T, w *world) {
	h, other := w.hear(), w.hear()
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
		w.visit(h)
		hint, sid := w.visit(other), w.sid()
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
			require.Eventually(t, func() bool { return len(other.heard()) == 1 }, 4*time.Second, 5*time.Millisecond, "nobody waits for the slow one")
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
		h.heard()
		other.heard()
	}
}

// CA-21: an address inside that the operator has not allowed hears nothing.
func internalAddressesNotTold(t *testing.T, w *world) {
	strict := joinWorld(t, w.store, func(cfg *Config) {
		cfg.Fetch = fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	})
	h := w.hear()
	w.visit(h)
	sid := w.sid()
	require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
	strict.tell(time.Now())
	require.Empty(t, h.heard())
	require.Equal(t, "the address is not allowed for outgoing requests", w.clientSession(sid).Failure)
}

// A client's server that is down is asked once in a round, whatever there is to tell it; then all is delivered.
func downAskedOnce(t *testing.T, w *world) {
	h := w.hear()
	for range 5 {
		w.signIn(time.Now())
		w.visit(h)
	}
	_, err := w.store.Sessions.EndAll(t.Context(), w.user.ID)
	require.NoError(t, err)
	working := h.answer
	h.mu.Lock()
	h.answer = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	h.mu.Unlock()
	w.tell(time.Now())
	require.Len(t, h.heard(), 1)
	waiting, next, err := w.store.ClientSessions.Waiting(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, waiting)
	require.WithinDuration(t, time.Now().Add(logoutWaits[0]), next, 5*time.Second)
	h.mu.Lock()
	h.answer = working
	h.mu.Unlock()
	w.tell(next.Add(5 * time.Second))
	require.Len(t, h.heard(), 5)
}

// Two replicas, 50 looks at once: every client hears of every session once.
func TestRaceOfReplicasThatTell(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t))
		other := joinWorld(t, db.Open(t))
		clients := []*hearing{w.hear(), w.hear(), w.hear()}
		for range 4 {
			for range 3 {
				w.signIn(time.Now())
				for _, h := range clients {
					w.visit(h)
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
			w.tell(now) // if the last to look was refused the lease
			for _, h := range clients {
				require.Len(t, h.heard(), 3)
			}
		}
	})
}

// What a replica that stops has no time for, another goes on with at once; what one that died had taken, after its claim.
func replicasTakeOver(t *testing.T, w *world) {
	h := w.hear()
	for range 3 {
		w.signIn(time.Now())
		w.visit(h)
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
	require.Len(t, h.heard(), 1)
	require.Equal(t, before+1, w.events(audit.LogoutDelivered), "what was on its way is noted")
	_, err = w.store.ClientSessions.Claim(t.Context(), now.Add(logoutClaim), now.Add(time.Minute))
	require.NoError(t, err, "by one that dies")
	require.NoError(t, w.notifier().SendDue(t.Context(), now.Add(time.Minute)))
	require.Len(t, h.heard(), 1)
	require.NoError(t, w.notifier().SendDue(t.Context(), now.Add(logoutClaim)))
	require.Len(t, h.heard(), 1)
	require.Equal(t, before+3, w.events(audit.LogoutDelivered))
}
