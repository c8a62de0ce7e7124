package consent_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func (w *world) apps(method, query, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/account/apps"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// grant gives a client something of the person's.
func (w *world) grant(user storage.User, client storage.Client, scopes ...string) storage.Grant {
	w.t.Helper()
	now := time.Now()
	g := storage.Grant{
		ID: storage.NewID(), UserID: user.ID, ClientID: client.ID, SID: storage.NewID(), Epoch: user.Epoch, Access: storage.Access{Scopes: scopes},
		Detail: storage.JSON(`{}`), AuthTime: storage.At(now), CodeHash: storage.Hash(storage.NewID()), CodeExpiresAt: storage.At(now.Add(time.Minute)),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
	}
	require.NoError(w.t, w.store.IssueCode(w.t.Context(), g, ""))
	return g
}

func (w *world) ended(replica *storage.Store, g storage.Grant) bool {
	w.t.Helper()
	state, err := replica.Grant(w.t.Context(), g.ID, "")
	require.NoError(w.t, err)
	return state.Ended(time.Now())
}

func TestAppsWithAccess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.Contains(t, w.apps(http.MethodGet, "", "").Body.String(), "No app has access")
		require.NoError(t, w.store.AddConsent(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid", "email"}}, time.Now()))
		own := storagetest.Client(t, w.store)
		w.unasked = own.ID
		w.grant(w.user, own, "openid", "offline_access")
		foreign := storagetest.Client(t, w.store)
		w.grant(storagetest.User(t, w.store), foreign, "openid")

		answer := w.apps(http.MethodGet, "", "")
		require.Equal(t, http.StatusOK, answer.Code)
		require.Equal(t, "no-store", answer.Header().Get("Cache-Control"))
		require.Contains(t, answer.Header().Get("Content-Security-Policy"), "img-src 'self' https://notes.example.com")
		for _, shown := range []string{
			"Harbour Notes", "See your e-mail address", "Keep this access while you are away", "does not ask", `value="` + w.client.ID + `"`,
			`value="` + own.ID + `"`, `href="/account/apps" aria-current="page"`,
		} {
			require.Contains(t, answer.Body.String(), shown)
		}
		require.NotContains(t, answer.Body.String(), foreign.ID)
		require.NotContains(t, answer.Body.String(), "no longer has access")
	})
}

func TestWithdrawing(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db)
		replica := db.Open(t)
		require.NoError(t, w.store.AddConsent(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		other, own := storagetest.User(t, w.store), storagetest.Client(t, w.store)
		require.NoError(t, w.store.AddConsent(t.Context(), other.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		mine, unasked, theirs := w.grant(w.user, w.client, "openid"), w.grant(w.user, own, "openid"), w.grant(other, w.client, "openid")

		answer := w.apps(http.MethodPost, "", "client="+w.client.ID)
		require.Equal(t, http.StatusSeeOther, answer.Code)
		require.Equal(t, "/account/apps?done=app", answer.Header().Get("Location"))
		require.Contains(t, w.apps(http.MethodGet, "?done=app", "").Body.String(), "The app no longer has access.")
		require.Nil(t, w.granted())
		require.True(t, w.ended(replica, mine), "on the other replica, too")
		require.False(t, w.ended(replica, unasked))
		require.False(t, w.ended(replica, theirs))
		require.Equal(t, 1, w.events(audit.ConsentWithdrawn))

		require.Equal(t, http.StatusSeeOther, w.apps(http.MethodPost, "", "client="+own.ID).Code, "an app that never asked")
		require.True(t, w.ended(replica, unasked))
		for _, client := range []string{w.client.ID, own.ID, "", "nobody"} {
			require.Equal(t, http.StatusNotFound, w.apps(http.MethodPost, "", "client="+client).Code, client)
		}
		require.Equal(t, 2, w.events(audit.ConsentWithdrawn))
	})
}

// A list that was shown to another person does nothing to the apps of the present one.
func TestWithdrawingFromSomebodyElsesList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.store.AddConsent(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		other := storagetest.User(t, w.store)
		form := url.Values{"client": {w.client.ID}, "shown": {w.store.AccountFormKey(other)}}
		answer := w.apps(http.MethodPost, "", form.Encode())
		require.Equal(t, "/account/apps", answer.Header().Get("Location"))
		require.Equal(t, []string{"openid"}, w.granted())
		require.Contains(t, w.apps(http.MethodGet, "", "").Body.String(), w.store.AccountFormKey(w.user))
		form.Set("shown", w.store.AccountFormKey(w.user))
		require.Equal(t, "/account/apps?done=app", w.apps(http.MethodPost, "", form.Encode()).Header().Get("Location"))
		require.Nil(t, w.granted())
	})
}

func TestWithdrawingOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.store.AddConsent(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				if w.apps(http.MethodPost, "", "client="+w.client.ID).Code == http.StatusSeeOther {
					won.Add(1)
				}
			})
		}
		wait.Wait()
		require.EqualValues(t, 1, won.Load())
		require.Equal(t, 1, w.events(audit.ConsentWithdrawn))
	})
}

func TestAppsOfNobody(t *testing.T) {
	w := newWorld(t, storagetest.SQLite(t))
	require.NoError(t, w.store.AddConsent(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
	for _, session := range [][]byte{nil, storagetest.HalfSignIn(t, w.store, w.user).TokenHash} {
		w.visitor.session = session
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			answer := w.apps(method, "", "client="+w.client.ID)
			require.Equal(t, http.StatusSeeOther, answer.Code)
			require.Equal(t, "/login?to=apps", answer.Header().Get("Location"))
		}
	}
	require.Equal(t, []string{"openid"}, w.granted())
}
