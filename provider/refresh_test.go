package provider

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func (w *world) requireDead(t testing.TB, tokens map[string]any) {
	t.Helper()
	access, refresh := tokens["access_token"].(string), tokens["refresh_token"].(string)
	requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
	require.Equal(t, map[string]any{"active": false}, w.introspect(access))
	require.Equal(t, map[string]any{"active": false}, w.introspect(refresh))
	requireError(t, w.refresh(refresh), http.StatusBadRequest, invalidGrant)
}

func refreshTokenOf(a answer) string { return a.body["refresh_token"].(string) }

// After a lost answer, the same successor is returned again until it is used.
func TestRefreshAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.offline()["refresh_token"].(string)
		second := w.refresh(first)
		requireTokens(t, second)
		again := w.refresh(first)
		requireTokens(t, again)
		require.Equal(t, refreshTokenOf(second), refreshTokenOf(again), "a family never has two valid tokens")
		require.NotEqual(t, second.body["access_token"], again.body["access_token"])

		third := w.refresh(refreshTokenOf(second))
		requireTokens(t, third)
		require.Zero(t, w.events(audit.RefreshTokenReused))
		requireError(t, w.refresh(first), http.StatusBadRequest, invalidGrant)
		require.Equal(t, 1, w.events(audit.RefreshTokenReused), "its successor was used, so somebody has a copy")
		for _, tokens := range []answer{second, again, third} {
			w.requireDead(t, tokens.body)
		}
	})
}

func TestRefreshTokenOfAnotherClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public, other := w.at(client.SPA, callback), w.at(client.SPA, callback)
		a := w.asPublic(public, w.code(public, "scope", "openid offline_access"))
		requireTokens(t, a)
		ask := func(id string) answer {
			form := params(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshTokenOf(a)}}, "client_id", id)
			return w.post("/oauth2/token", form, anonymous)
		}
		requireError(t, ask(other.ID), http.StatusBadRequest, invalidGrant)
		requireError(t, ask(""), http.StatusUnauthorized, invalidClient)
		requireError(t, w.refresh(refreshTokenOf(a)), http.StatusBadRequest, invalidGrant)
		requireTokens(t, ask(public.ID))
		requireError(t, ask(other.ID), http.StatusBadRequest, invalidGrant)
		requireTokens(t, ask(public.ID))
		require.Zero(t, w.events(audit.RefreshTokenReused))
	})
}

// RFC 6749 section 6: a client may ask for fewer scopes, but not for more. The grant does not change.
func TestRefreshScope(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.offline()["refresh_token"].(string)
		for _, wider := range []string{"openid groups", "address", "OPENID", "openid\tprofile"} {
			requireError(t, w.refresh(token, "scope", wider), http.StatusBadRequest, invalidScope)
		}
		narrow := w.refresh(token, "scope", "email openid openid")
		access := requireTokens(t, narrow)
		require.Equal(t, "openid email", narrow.body["scope"])
		require.Contains(t, narrow.body, "id_token")
		require.NotContains(t, w.userinfo(access).body, "name")
		require.Equal(t, "openid email", w.introspect(access)["scope"])

		without := w.refresh(refreshTokenOf(narrow), "scope", "email")
		access = requireTokens(t, without)
		require.NotContains(t, without.body, "id_token")
		requireError(t, w.userinfo(access), http.StatusForbidden, insufficientScope)

		whole := w.refresh(refreshTokenOf(without))
		require.Equal(t, "openid profile email offline_access", whole.body["scope"])
		require.Equal(t, "Ada Example", w.userinfo(requireTokens(t, whole)).body["name"])
	})
}

func TestRefreshTokenIsNotGuessed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rotated := w.offline()["refresh_token"].(string)
		a := w.refresh(w.refreshedOnce(rotated))
		current := refreshTokenOf(a)
		id, _, ok := w.tokens.ReadRefreshToken(current)
		require.True(t, ok)
		guesses := append(jwttest.Variants(current), "", "x", strings.Repeat("x", 8<<10), refreshPrefix, current[:len(current)-1], current+"A",
			strings.Replace(current, ".3.", ".03.", 1), strings.Replace(current, ".3.", ".+3.", 1), strings.Replace(current, ".3.", ".4.", 1),
			strings.Replace(current, ".3.", ".-1.", 1), strings.Replace(current, ".3.", ".1.", 1), strings.Replace(current, ".3.", ".9223372036854775808.", 1),
			strings.Replace(current, id, storage.NewID(), 1), strings.Replace(rotated, id, storage.NewID(), 1),
			a.body["access_token"].(string), a.body["id_token"].(string), w.code(w.web))
		for _, guess := range guesses {
			requireError(t, w.refresh(guess), http.StatusBadRequest, invalidGrant)
		}
		require.Zero(t, w.events(audit.RefreshTokenReused), "a forged token does not end a family")
		requireTokens(t, w.refresh(current))
	})
}

func (w *world) refreshedOnce(token string) string {
	w.t.Helper()
	a := w.refresh(token)
	requireTokens(w.t, a)
	return refreshTokenOf(a)
}

// A grant that ends at one replica ends at every replica at once.
func TestRefreshIsRefusedAtTheOtherReplica(t *testing.T) {
	for name, cause := range map[string]func(*world, *storage.GrantState) error{
		"the user is disabled": func(w *world, _ *storage.GrantState) error {
			return w.store.Users.Disable(w.t.Context(), w.user.ID, time.Now())
		},
		"the user is deleted": func(w *world, _ *storage.GrantState) error { return w.store.Users.Delete(w.t.Context(), w.user.ID) },
		"password or factor were changed": func(w *world, _ *storage.GrantState) error {
			return w.store.Users.RaiseEpoch(w.t.Context(), w.user.ID, time.Now())
		},
		"consent is withdrawn": func(w *world, _ *storage.GrantState) error {
			return w.store.Consents.Withdraw(w.t.Context(), w.user.ID, w.web.ID, time.Now())
		},
		"the client is disabled": func(w *world, _ *storage.GrantState) error {
			return w.clients.Disable(w.t.Context(), w.web.ID, operator, time.Now())
		},
		"the family is revoked": func(w *world, g *storage.GrantState) error {
			return w.store.Grants.Revoke(w.t.Context(), g.ID, "", time.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
				here := newWorld(t, db.Open(t))
				there := joinWorld(t, db.Open(t))
				there.web, there.secret = here.web, here.secret
				require.NoError(t, here.store.Consents.Add(t.Context(), here.user.ID, here.web.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
				tokens := there.refresh(here.offline()["refresh_token"].(string)) // both have cached the client
				requireTokens(t, tokens)
				id, _, ok := here.tokens.ReadRefreshToken(refreshTokenOf(tokens))
				require.True(t, ok)
				grant, err := here.store.Grants.ByID(t.Context(), id, "")
				require.NoError(t, err)
				require.NoError(t, cause(here, &grant))
				there.requireDead(t, tokens.body)
			})
		})
	}
}

func TestRefreshAfterTheClientIsRemoved(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		here := newWorld(t, db.Open(t))
		there := joinWorld(t, db.Open(t))
		there.web, there.secret = here.web, here.secret
		token := there.refreshedOnce(here.offline()["refresh_token"].(string))
		require.NoError(t, here.clients.Remove(t.Context(), here.web.ID, operator, time.Now()))
		requireError(t, there.refresh(token), http.StatusBadRequest, invalidGrant)
	})
}

// Clients are cached. A change reaches the other replica when it checks for changes.
func TestRefreshGrantIsRemovedAtTheOtherReplica(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		here := newWorld(t, db.Open(t))
		there := joinWorld(t, db.Open(t))
		there.web, there.secret = here.web, here.secret
		token := there.refreshedOnce(here.offline()["refresh_token"].(string))
		ctx, stop := context.WithCancel(t.Context())
		followed := make(chan error)
		go func() { followed <- there.clients.Run(ctx, 10*time.Millisecond) }()
		t.Cleanup(func() {
			stop()
			require.NoError(t, <-followed)
		})
		here.change(here.web, func(m *client.Metadata) { m.GrantTypes = []string{client.GrantCode} })
		require.Eventually(t, func() bool {
			a := there.refresh(token)
			if a.Code == http.StatusOK {
				token = refreshTokenOf(a)
			}
			return a.body["error"] == unauthorizedClient
		}, 2*time.Second, 20*time.Millisecond)
	})
}

// OIDC Core section 12.2: a refreshed ID token says what the first one said, but was made now, and has no nonce.
func TestRefreshedIDToken(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, w *world) {
		tokens := w.offline()
		first := w.idToken(tokens["id_token"])
		require.Equal(t, "the nonce", first["nonce"])
		token := tokens["refresh_token"].(string)
		for range 2 {
			time.Sleep(10 * time.Minute)
			a := w.refresh(token)
			requireTokens(t, a)
			token = refreshTokenOf(a)
			refreshed, now := w.idToken(a.body["id_token"]), float64(time.Now().Unix())
			want := maps.Clone(first)
			want["iat"], want["exp"], want["at_hash"] = now, now+first["exp"].(float64)-first["iat"].(float64), refreshed["at_hash"]
			delete(want, "nonce")
			require.Equal(t, want, refreshed)
			require.NotEqual(t, first["at_hash"], refreshed["at_hash"])
		}
	})
}

// A family is one row however long it lives, and a refresh never changes the acr, amr and auth_time of the sign-in.
func TestManyRefreshes(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t))
		first := w.offline()
		token := first["refresh_token"].(string)
		before := w.idToken(first["id_token"])
		var last answer
		for range 100 {
			last = w.refresh(token)
			requireTokens(t, last)
			token = refreshTokenOf(last)
		}
		after := w.idToken(last.body["id_token"])
		for _, claim := range []string{"iss", "sub", "aud", "auth_time", "acr", "amr", "sid"} {
			require.Equal(t, before[claim], after[claim], claim)
		}
		require.NotContains(t, after, "nonce")
		var rows int
		require.NoError(t, db.SQL(t).QueryRow(`SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM revoked_tokens)`).Scan(&rows))
		require.Equal(t, 1, rows)
		requireError(t, w.refresh(first["refresh_token"].(string)), http.StatusBadRequest, invalidGrant)
		w.requireDead(t, last.body)
	})
}
