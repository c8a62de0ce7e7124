package consent_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
	"github.com/postern-id/postern/templates"
)

// grant issues a grant of a person to a client.
func (w *world) grant(user storage.User, client storage.Client, scopes ...string) storage.Grant {
	w.t.Helper()
	now := time.Now()
	g := storage.Grant{
		ID: storage.NewID(), UserID: user.ID, ClientID: client.ID, SID: storage.NewID(), Epoch: user.Epoch, Access: storage.Access{Scopes: scopes},
		Detail: storage.JSON(`{}`), AuthTime: storage.At(now), CodeHash: storage.Hash(storage.NewID()), CodeExpiresAt: storage.At(now.Add(time.Minute)),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
	}
	require.NoError(w.t, w.store.Grants.Issue(w.t.Context(), g, ""))
	return g
}

func (w *world) ended(replica *storage.Store, g storage.Grant) bool {
	w.t.Helper()
	state, err := replica.Grants.ByID(w.t.Context(), g.ID, "")
	require.NoError(w.t, err)
	return state.Ended(time.Now())
}

func (w *world) withdraw(clientID string) error {
	return w.page.Withdraw(w.t.Context(), w.user.ID, clientID, "192.0.2.7", time.Now())
}

func TestApps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		apps := func() map[string]templates.AppAccess {
			list, err := w.page.Apps(t.Context(), w.user.ID, time.Now())
			require.NoError(t, err)
			byID := map[string]templates.AppAccess{}
			for _, app := range list {
				byID[app.ClientID] = app
			}
			require.Len(t, byID, len(list))
			return byID
		}
		require.Empty(t, apps())
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid", "email"}}, time.Now()))
		own, gone := storagetest.Client(t, w.store), storagetest.Client(t, w.store)
		w.unasked, w.removed = own.ID, gone.ID
		w.grant(w.user, own, "openid", "offline_access")
		w.grant(w.user, gone, "openid")
		w.grant(storagetest.User(t, w.store), storagetest.Client(t, w.store), "openid")

		list := apps()
		require.Len(t, list, 2, "neither the app of another person nor one that was removed meanwhile")
		require.Equal(t, "Harbour Notes", list[w.client.ID].App.Name)
		require.False(t, list[w.client.ID].Unasked)
		require.Contains(t, list[w.client.ID].Scopes, templates.Scope{Name: "email", Words: scope.Words(storage.Access{Scopes: []string{"email"}}, storage.User{})[0].Words})
		require.True(t, list[own.ID].Unasked)
		require.False(t, list[own.ID].Since.IsZero())
	})
}

func TestWithdrawing(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db)
		replica := db.Open(t)
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		other, own := storagetest.User(t, w.store), storagetest.Client(t, w.store)
		require.NoError(t, w.store.Consents.Add(t.Context(), other.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		mine, unasked, theirs := w.grant(w.user, w.client, "openid"), w.grant(w.user, own, "openid"), w.grant(other, w.client, "openid")

		require.NoError(t, w.withdraw(w.client.ID))
		require.Nil(t, w.granted())
		require.True(t, w.ended(replica, mine), "on the other replica, too")
		require.False(t, w.ended(replica, unasked))
		require.False(t, w.ended(replica, theirs))
		require.Equal(t, 1, w.events(audit.ConsentWithdrawn))

		require.NoError(t, w.withdraw(own.ID), "an app that never asked")
		require.True(t, w.ended(replica, unasked))
		for _, client := range []string{w.client.ID, own.ID, "", "nobody"} {
			require.ErrorIs(t, w.withdraw(client), storage.ErrNotFound, client)
		}
		require.Equal(t, 2, w.events(audit.ConsentWithdrawn))
	})
}

func TestWithdrawingOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				if w.withdraw(w.client.ID) == nil {
					won.Add(1)
				}
			})
		}
		wait.Wait()
		require.EqualValues(t, 1, won.Load())
		require.Equal(t, 1, w.events(audit.ConsentWithdrawn))
	})
}
