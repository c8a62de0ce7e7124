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

// hearing is the server of a client that is told of logouts.
type hearing struct {
	*client.Client
	secret string
	server *httptest.Server

	mu     sync.Mutex
	tokens []string // that came, each in a form of its own
	answer func(http.ResponseWriter, *http.Request)
}

// hear registers a client that is told of logouts and answers 200.
func (w *world) hear(edit ...func(*client.Metadata)) *hearing {
	w.t.Helper()
	h := &hearing{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }}
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

// heard returns the tokens that came and forgets them.
func (h *hearing) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	tokens := h.tokens
	h.tokens = nil
	return tokens
}

func (h *hearing) answers(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// visit runs the browser through the client and returns the ID token.
func (w *world) visit(h *hearing) string {
	w.t.Helper()
	a := w.post("/oauth2/token", map[string][]string{
		"grant_type": {"authorization_code"}, "code": {w.code(h.Client)}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, authorization(basicText(h.ID+":"+h.secret)))
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	return a.body["id_token"].(string)
}

// notifier returns what tells clients of logouts, as another replica has it.
func (w *world) notifier() *logout.Notifier {
	w.t.Helper()
	replica, err := build(w.cfg, w.parts)
	require.NoError(w.t, err)
	return replica.notifier
}

// tell lets a replica look once, at a time.
func (w *world) tell(now time.Time) {
	w.t.Helper()
	require.NoError(w.t, w.notifier().SendDue(w.t.Context(), now))
}

// sid is the id of the session that the browser is in.
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
		h := w.hear()
		hint := w.visit(h)
		said := w.idToken(hint)
		requireGoesTo(t, w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout, "state", "s"), afterLogout+"?state=s")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.provider.RunLogouts(ctx) }()
		var tokens []string
		require.Eventually(t, func() bool { tokens = h.heard(); return len(tokens) > 0 }, 10*time.Second, 5*time.Millisecond)
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

// Everything about telling clients that can share a world; each part begins with a person who is signed in and nobody left to be told.
func TestClientsAreTold(t *testing.T) {
	parts := map[string]func(*testing.T, *world){
		"whatever ends a session":                     toldWhateverEndsASession,
		"not without an address":                      withoutAddressNotTold,
		"nothing of a session that has ended":         noCodeForASessionThatEnds,
		"later, if they fail":                         thoseThatFailToldLater,
		"without waiting for them":                    logoutDoesNotWait,
		"not at an internal address":                  internalAddressesNotTold,
		"once in a round, if nobody answers":          downAskedOnce,
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

// Whoever ends the session, and whether it is this browser's or not: the clients it has been at are told, once each.
func toldWhateverEndsASession(t *testing.T, w *world) {
	first, second, never := w.hear(), w.hear(), w.hear()
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
			w.visit(first)
			known := map[*hearing]any{first: w.idToken(w.visit(first))["sid"], second: w.idToken(w.visit(second))["sid"]}
			sid := w.sid()
			w.tell(time.Now())
			require.Empty(t, first.heard(), "the session lives")
			before := w.events(audit.LogoutDelivered)
			end(sid)
			w.tell(time.Now())
			w.tell(time.Now().Add(24 * time.Hour))
			for _, h := range []*hearing{first, second} {
				tokens := h.heard()
				require.Len(t, tokens, 1)
				claims := w.logoutToken(tokens[0])
				require.Equal(t, known[h], claims["sid"])
				require.Equal(t, w.user.ID, claims["sub"])
				require.Equal(t, h.ID, claims["aud"])
			}
			require.Empty(t, never.heard())
			require.Equal(t, before+2, w.events(audit.LogoutDelivered))
		})
	}
}

// Of a client that has no address, or none any more, nothing is left to be done; nor of one that was removed.
func withoutAddressNotTold(t *testing.T, w *world) {
	h, removed := w.hear(), w.hear()
	w.code(w.web)
	w.visit(h)
	w.visit(removed)
	sid := w.sid()
	sessions, err := w.store.ClientSessions.OfSession(t.Context(), sid)
	require.NoError(t, err)
	require.Len(t, sessions, 2)
	w.change(h.Client, func(m *client.Metadata) { m.BackchannelLogoutURI, m.BackchannelLogoutSession = "", false })
	require.NoError(t, w.store.Clients.Delete(t.Context(), removed.ID))
	require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
	w.tell(time.Now())
	require.Empty(t, h.heard())
	require.Empty(t, removed.heard())
	sessions, err = w.store.ClientSessions.OfSession(t.Context(), sid)
	require.NoError(t, err)
	require.Empty(t, sessions)
}

// A sign-in that ends while a client is being answered gives it nothing that it would not be told the end of.
func noCodeForASessionThatEnds(t *testing.T, w *world) {
	h := w.hear()
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

// endsAfterwards is a browser whose session ends after it was looked at for the first time.
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
