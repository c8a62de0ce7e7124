package provider

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// inVirtualTime runs a test on a world in a synctest bubble, whose clock advances only while the test sleeps.
func inVirtualTime(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, storagetest.Open(t))) })
}

func TestCodeExpires(t *testing.T) {
	for age, good := range map[time.Duration]bool{
		0: true, 59 * time.Second: true, time.Minute - time.Millisecond: true, time.Minute: false, 61 * time.Second: false, 24 * time.Hour: false,
	} {
		inVirtualTime(t, func(t *testing.T, w *world) {
			code := w.code(w.web)
			time.Sleep(age)
			if a := w.redeem(code); good {
				requireTokens(t, a)
			} else {
				requireInvalidGrant(t, a)
			}
		})
	}
}

// The reuse of a code is noticed as long as a token that was issued for it is valid.
func TestCodeReuseIsNoticedLater(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		code := w.code(w.web, "scope", "openid offline_access")
		tokens := w.redeem(code)
		requireTokens(t, tokens)
		time.Sleep(10 * 24 * time.Hour)
		_, err := w.store.Sweep(t.Context(), time.Now(), 1000)
		require.NoError(t, err)
		requireInvalidGrant(t, w.redeem(code))
		require.Equal(t, 1, w.events(audit.AuthorizationCodeReused))
		requireInvalidGrant(t, w.refresh(refreshTokenOf(tokens)))
	})
}

func TestAccessTokenExpires(t *testing.T) {
	for _, format := range []string{client.TokenSealed, client.TokenJWT} {
		inVirtualTime(t, func(t *testing.T, w *world) {
			w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = format })
			time.Sleep(300 * time.Millisecond) // the times in tokens are whole seconds
			tokens := w.redeem(w.code(w.web))
			access, life := requireTokens(t, tokens), time.Duration(tokens.body["expires_in"].(float64))*time.Second
			require.Equal(t, 10*time.Minute, life)
			time.Sleep(life - time.Second)
			require.Equal(t, http.StatusOK, w.userinfo(access).Code)
			require.Equal(t, true, w.introspect(access)["active"])
			time.Sleep(time.Second)
			requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
			require.Equal(t, map[string]any{"active": false}, w.introspect(access))
			require.Equal(t, http.StatusOK, w.revoke(access).Code)
		})
	}
}

func TestRefreshTokenIdlesOut(t *testing.T) {
	const idle = 14 * 24 * time.Hour
	for age, good := range map[time.Duration]bool{idle - time.Second: true, idle: false, idle + time.Second: false} {
		inVirtualTime(t, func(t *testing.T, w *world) {
			token := w.offline()["refresh_token"].(string)
			time.Sleep(idle - time.Second)
			token = w.refreshedOnce(token) // every use starts the idle time again
			time.Sleep(age)
			if a := w.refresh(token); good {
				requireTokens(t, a)
			} else {
				require.Equal(t, map[string]any{"active": false}, w.introspect(token))
				requireInvalidGrant(t, a)
				require.Zero(t, w.events(audit.RefreshTokenReused))
			}
		})
	}
}

func TestFamilyEnds(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		tokens := w.offline()
		token := tokens["refresh_token"].(string)
		authTime := w.idToken(tokens["id_token"])["auth_time"]
		var last answer
		for range 8 {
			time.Sleep(10 * 24 * time.Hour)
			token = w.refreshedOnce(token)
		}
		time.Sleep(10*24*time.Hour - 4*time.Minute) // 4 minutes before the 90 days are over
		last = w.refresh(token)
		access := requireTokens(t, last)
		require.InDelta(t, 240, last.body["expires_in"], 0, "no token outlives its family")
		require.InDelta(t, time.Now().Add(4*time.Minute).Unix(), w.introspect(refreshTokenOf(last))["exp"], 0)
		require.Equal(t, authTime, w.idToken(last.body["id_token"])["auth_time"])
		time.Sleep(4*time.Minute - time.Second)
		require.Equal(t, http.StatusOK, w.userinfo(access).Code)
		next := w.refresh(refreshTokenOf(last))
		require.InDelta(t, 1, next.body["expires_in"], 0)
		time.Sleep(time.Second)
		w.requireDead(t, next.body)
		requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
	})
}

func TestGraceEnds(t *testing.T) {
	for age, good := range map[time.Duration]bool{0: true, 29 * time.Second: true, 30 * time.Second: true, 31 * time.Second: false} {
		inVirtualTime(t, func(t *testing.T, w *world) {
			first := w.offline()["refresh_token"].(string)
			second := w.refreshedOnce(first)
			time.Sleep(age)
			a := w.refresh(first)
			if good {
				requireTokens(t, a)
				require.Equal(t, second, refreshTokenOf(a))
				requireTokens(t, w.refresh(second))
				return
			}
			requireInvalidGrant(t, a)
			require.Equal(t, 1, w.events(audit.RefreshTokenReused))
			requireInvalidGrant(t, w.refresh(second))
		})
	}
}

func TestFlowExpires(t *testing.T) {
	for age, good := range map[time.Duration]bool{10*time.Minute - time.Second: true, 10 * time.Minute: false, 10*time.Minute + time.Second: false} {
		inVirtualTime(t, func(t *testing.T, w *world) {
			c, _ := w.asking(client.Web, callback)
			_, flow := w.begin(w.request(c))
			w.agree(flow, c, "openid", "profile", "email")
			time.Sleep(age)
			a := w.resume(flow)
			require.Equal(t, good, a.query.Has("code"))
			if !good {
				requireOver(t, a)
			}
		})
	}
}

func TestMaxAgePasses(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		w.signIn(time.Now())
		time.Sleep(30 * time.Second)
		require.NotEmpty(t, w.code(w.web, "max_age", "30"))
		time.Sleep(time.Second)
		page, _ := w.begin(w.request(w.web, "max_age", "30"))
		require.Equal(t, "login", page)
		requireRefusal(t, w.authorize(w.request(w.web, "max_age", "30", "prompt", "none")), callback, loginRequired)
	})
}

func TestSessionEndsDuringAFlow(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		c, _ := w.asking(client.Web, callback)
		time.Sleep(time.Hour - time.Minute) // a minute before the session idles out
		_, flow := w.begin(w.request(c))
		w.agree(flow, c, "openid", "profile", "email")
		time.Sleep(2 * time.Minute)
		require.Equal(t, issuer+"/login?flow="+flow, w.resume(flow).location.String())
	})
}

// During the overlap of a rotation both secrets are accepted, and afterwards only the new one.
func TestOldSecretExpires(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		_, err := w.clients.RotateSecret(t.Context(), w.web.ID, time.Hour, operator, time.Now())
		require.NoError(t, err)
		time.Sleep(time.Hour - time.Second)
		require.Equal(t, http.StatusOK, w.revoke("x").Code)
		time.Sleep(time.Second)
		requireError(t, w.revoke("x"), http.StatusUnauthorized, invalidClient)
	})
}

// After a while wrong secrets get status 401 again, and the next audit entry has the number of those that were not recorded.
func TestRefusalsRefill(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		status := func() int {
			return w.post("/oauth2/revoke", endpoints["/oauth2/revoke"], authorization(basicText(w.web.ID+":wrong"))).Code
		}
		for range refusalBurst {
			require.Equal(t, http.StatusUnauthorized, status())
		}
		for range 5 {
			require.Equal(t, http.StatusTooManyRequests, status())
		}
		time.Sleep(5 * time.Second)
		require.Equal(t, http.StatusUnauthorized, status())
		require.Equal(t, refusalBurst, w.events(audit.ClientRefused))
		time.Sleep(time.Minute)
		require.Equal(t, http.StatusUnauthorized, status())
		events, err := w.store.Events.List(t.Context(), storage.EventQuery{Limit: 1000})
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(events, func(e storage.Event) bool {
			return strings.Contains(e.Body, `"detail":{"more":"6","reason":"client_secret"}`)
		}))
	})
}
