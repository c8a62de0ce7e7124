package provider

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/logout"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// logoutReceiver is a client with a server that receives logout notices.
type logoutReceiver struct {
	*client.Client
	secret string
	server *httptest.Server

	mu     sync.Mutex
	tokens []string // received, each in its own request
	answer func(http.ResponseWriter, *http.Request)
}

// addLogoutReceiver registers a client that receives logout notices and answers them with 200.
func (w *world) addLogoutReceiver(edit ...func(*client.Metadata)) *logoutReceiver {
	w.t.Helper()
	h := &logoutReceiver{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }}
	h.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		h.mu.Lock()
		if r.Method == http.MethodPost && r.URL.Path == "/backchannel_logout" && r.URL.RawQuery == "" && len(r.PostForm) == 1 {
			h.tokens = append(h.tokens, r.PostForm["logout_token"]...)
		} else {
			h.tokens = append(h.tokens, "not a logout request")
		}
		answer := h.answer
		h.mu.Unlock()
		answer(rw, r)
	}))
	w.t.Cleanup(h.server.Close)
	h.Client, h.secret = w.register(client.Web, func(m *client.Metadata) {
		m.RedirectURIs, m.Consent, m.IDTokenAlg = []string{callback}, client.ConsentSkip, "ES256"
		m.PostLogoutRedirectURIs = []string{afterLogout}
		m.BackchannelLogoutURI, m.BackchannelLogoutSession = h.server.URL+"/backchannel_logout", true
		for _, change := range edit {
			change(m)
		}
	})
	return h
}

// received returns the tokens that came since the last call.
func (h *logoutReceiver) received() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	tokens := h.tokens
	h.tokens = nil
	return tokens
}

func (h *logoutReceiver) respondWith(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// codeFlow runs the code flow of the client in the browser and returns the ID token.
func (w *world) codeFlow(h *logoutReceiver) string {
	w.t.Helper()
	a := w.post("/oauth2/token", map[string][]string{
		"grant_type": {"authorization_code"}, "code": {w.code(h.Client)}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, authorization(basicText(h.ID+":"+h.secret)))
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	return a.body["id_token"].(string)
}

// notifier returns the notifier of another replica.
func (w *world) notifier() *logout.Notifier {
	w.t.Helper()
	replica, err := build(w.cfg, w.parts)
	require.NoError(w.t, err)
	return replica.notifier
}

// sendNotices has another replica send the notices that are due at now.
func (w *world) sendNotices(now time.Time) {
	w.t.Helper()
	require.NoError(w.t, w.notifier().SendDue(w.t.Context(), now))
}

// sid returns the ID of the browser's session.
func (w *world) sid() string {
	w.t.Helper()
	signIn, err := w.store.Sessions.SignIn(w.t.Context(), w.browser.session, "", time.Now())
	require.NoError(w.t, err)
	return signIn.ID()
}

// clientSession returns the only client session of a session.
func (w *world) clientSession(sid string) storage.ClientSession {
	w.t.Helper()
	sessions, err := w.store.ClientSessions.OfSession(w.t.Context(), sid)
	require.NoError(w.t, err)
	require.Len(w.t, sessions, 1)
	return sessions[0]
}

func TestOIDCCBackChannelLogoutDiscoveryEndpointVerification(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		about := w.get("/.well-known/openid-configuration").body
		require.Equal(t, true, about["backchannel_logout_supported"])
		require.Equal(t, true, about["backchannel_logout_session_supported"])
	})
}

func TestOIDCCBackChannelRPInitiatedLogout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := w.addLogoutReceiver()
		hint := w.codeFlow(h)
		said := w.idToken(hint)
		requireGoesTo(t, w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout, "state", "s"), afterLogout+"?state=s")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.provider.RunLogouts(ctx) }()
		var tokens []string
		require.Eventually(t, func() bool { tokens = h.received(); return len(tokens) > 0 }, 10*time.Second, 5*time.Millisecond)
		stop()
		require.NoError(t, <-ended)
		require.Len(t, tokens, 1)
		claims := w.logoutToken(tokens[0])
		require.Equal(t, issuer, claims["iss"])
		require.Equal(t, h.ID, claims["aud"])
		require.Equal(t, said["sub"], claims["sub"])
		require.Equal(t, said["sid"], claims["sid"])
		require.InDelta(t, time.Now().Unix(), claims["iat"], 10)
		require.NotEmpty(t, claims["jti"])
		require.Equal(t, map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}, claims["events"])
		require.NotContains(t, claims, "nonce")
		require.Equal(t, loginRequired, w.authorize(w.request(h.Client, "prompt", "none")).query.Get("error"))
	})
}

// The tests of logout notices that can share a world. Each begins with a new person who is signed in, and without due notices.
func TestClientsAreNotified(t *testing.T) {
	parts := map[string]func(*testing.T, *world){
		"whatever ends a session":                     notifiedWhateverEndsASession,
		"not without an address":                      withoutURINotNotified,
		"nothing of a session that has ended":         noCodeForASessionThatEnds,
		"later, if they fail":                         failedNoticesAreRetried,
		"without waiting for them":                    logoutDoesNotWait,
		"not at an internal address":                  internalAddressesNotNotified,
		"once in a round, if nobody answers":          unreachableClientAskedOnce,
		"by another replica, if one stops or is gone": replicasTakeOver,
	}
	each(t, func(t *testing.T, w *world) {
		for name, check := range parts {
			w.user = storagetest.User(t, w.store)
			w.signIn(time.Now())
			t.Run(name, func(t *testing.T) { check(t, w) })
			for {
				v, err := w.store.ClientSessions.Claim(t.Context(), time.Now().Add(time.Hour), time.Now().Add(1000*time.Hour))
				if err != nil {
					require.ErrorIs(t, err, storage.ErrNotFound)
					break
				}
				require.NoError(t, w.store.ClientSessions.Drop(t.Context(), v))
			}
		}
	})
}

// However a session ends, each client that was used in it gets one notice.
func notifiedWhateverEndsASession(t *testing.T, w *world) {
	first, second, never := w.addLogoutReceiver(), w.addLogoutReceiver(), w.addLogoutReceiver()
	for name, end := range map[string]func(sid string){
		"a person who confirms": func(string) { requirePage(t, w.confirmLogout(), http.StatusOK, doneText) },
		"from elsewhere":        func(sid string) { require.NoError(t, w.store.Sessions.EndByID(t.Context(), w.user.ID, sid)) },
		"everywhere":            func(string) { _, err := w.store.Sessions.EndAll(t.Context(), w.user.ID); require.NoError(t, err) },
		"idle": func(string) {
			_, err := w.store.Sweep(t.Context(), time.Now().Add(time.Hour), 100)
			require.NoError(t, err)
		},
		"the account is removed": func(string) {
			require.NoError(t, w.store.Users.Delete(t.Context(), w.user.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.user = storagetest.User(t, w.store)
			w.signIn(time.Now())
			w.codeFlow(first)
			known := map[*logoutReceiver]any{first: w.idToken(w.codeFlow(first))["sid"], second: w.idToken(w.codeFlow(second))["sid"]}
			sid := w.sid()
			w.sendNotices(time.Now())
			require.Empty(t, first.received(), "the session has not ended")
			before := w.events(audit.LogoutDelivered)
			end(sid)
			w.sendNotices(time.Now())
			w.sendNotices(time.Now().Add(24 * time.Hour))
			for _, h := range []*logoutReceiver{first, second} {
				tokens := h.received()
				require.Len(t, tokens, 1)
				claims := w.logoutToken(tokens[0])
				require.Equal(t, known[h], claims["sid"])
				require.Equal(t, w.user.ID, claims["sub"])
				require.Equal(t, h.ID, claims["aud"])
			}
			require.Empty(t, never.received())
			require.Equal(t, before+2, w.events(audit.LogoutDelivered))
		})
	}
}

// There are no notices for a client that has no logout URI, has lost it, or was removed.
func withoutURINotNotified(t *testing.T, w *world) {
	h, removed := w.addLogoutReceiver(), w.addLogoutReceiver()
	w.code(w.web)
	w.codeFlow(h)
	w.codeFlow(removed)
	sid := w.sid()
	sessions, err := w.store.ClientSessions.OfSession(t.Context(), sid)
	require.NoError(t, err)
	require.Len(t, sessions, 2)
	w.change(h.Client, func(m *client.Metadata) { m.BackchannelLogoutURI, m.BackchannelLogoutSession = "", false })
	require.NoError(t, w.store.Clients.Delete(t.Context(), removed.ID))
	require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
	w.sendNotices(time.Now())
	require.Empty(t, h.received())
	require.Empty(t, removed.received())
	sessions, err = w.store.ClientSessions.OfSession(t.Context(), sid)
	require.NoError(t, err)
	require.Empty(t, sessions)
}

// If a session ends while a client's request is answered, the client gets no grant, because it would not be notified of the end.
func noCodeForASessionThatEnds(t *testing.T, w *world) {
	h := w.addLogoutReceiver()
	before, err := w.store.Grants.OfUser(t.Context(), w.user.ID, 100)
	require.NoError(t, err)
	hook := &endsAfterwards{browser: w.browser}
	w.cfg.SignIns = hook
	w.start()
	defer func() { w.cfg.SignIns = w.browser }()
	requireRefusal(t, w.authorize(w.request(h.Client, "prompt", "none")), h.RedirectURIs[0], loginRequired)
	require.True(t, hook.ended)
	after, err := w.store.Grants.OfUser(t.Context(), w.user.ID, 100)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// endsAfterwards is a browser whose session ends after it was read for the first time.
type endsAfterwards struct {
	*browser
	ended bool
}

func (b *endsAfterwards) Current(r *http.Request, clientID string) (storage.SignIn, error) {
	signIn, err := b.browser.Current(r, clientID)
	if b.ended {
		return signIn, err
	}
	b.ended = true
	return signIn, errors.Join(err, b.store.Sessions.End(r.Context(), b.session))
}
