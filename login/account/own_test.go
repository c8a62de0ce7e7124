package account_test

import (
	"encoding/base32"
	"encoding/json"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// elsewhere signs Ada in at another browser.
func (o *office) elsewhere(phone phone, at time.Time) *person {
	o.t.Helper()
	p := o.person()
	require.NoError(o.t, p.code(p.half(at), phone.at(at), at))
	return p
}

// freshly returns the sign-in of a browser as if it had been completed within the last ten minutes.
func (p *person) freshly(now time.Time) self.Fresh {
	p.o.t.Helper()
	signIn, err := p.signIn(now)
	require.NoError(p.o.t, err)
	who, ok := self.FreshSignIn(signIn, now)
	require.True(p.o.t, ok)
	return who
}

// grantTo makes a grant to a client in the session of a browser.
func (p *person) grantTo(client storage.Client, now time.Time, scopes ...string) storage.Grant {
	p.o.t.Helper()
	signIn, err := p.signIn(now)
	require.NoError(p.o.t, err)
	g := storage.Grant{
		ID: storage.NewID(), UserID: signIn.User().ID, ClientID: client.ID, SID: signIn.ID(), Epoch: signIn.User().Epoch,
		Access: storage.Access{Scopes: scopes},
		Detail: storage.JSON(`{}`), AuthTime: storage.At(now), CodeHash: storage.Hash(storage.NewID()), CodeExpiresAt: storage.At(now.Add(time.Minute)),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
	}
	require.NoError(p.o.t, p.o.store.Grants.Issue(p.o.t.Context(), g, ""))
	return g
}

func (o *office) ended(g storage.Grant, now time.Time) bool {
	o.t.Helper()
	state, err := o.store.Grants.ByID(o.t.Context(), g.ID, "")
	require.NoError(o.t, err)
	return state.Ended(now)
}

func TestEndingOneSession(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		other := o.elsewhere(phone, start)
		client := storagetest.Client(t, o.store)
		online, offline := other.grantTo(client, start, "openid"), other.grantTo(client, start, "openid", "offline_access")
		mine := owner.grantTo(client, start, "openid")
		signIn, err := other.signIn(start)
		require.NoError(t, err)
		stranger := storagetest.User(t, o.store)
		require.ErrorIs(t, o.Self.EndOwnSession(t.Context(), stranger.ID, signIn.ID(), owner.visitor, start), storage.ErrNotFound)
		_, err = other.signIn(start)
		require.NoError(t, err, "nobody can end another person's session")

		require.NoError(t, o.Self.EndOwnSession(t.Context(), signIn.User().ID, signIn.ID(), owner.visitor, start))
		require.ErrorIs(t, o.Self.EndOwnSession(t.Context(), signIn.User().ID, signIn.ID(), owner.visitor, start), storage.ErrNotFound)
		_, err = other.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = owner.signIn(start)
		require.NoError(t, err)
		require.True(t, o.ended(online, start))
		require.False(t, o.ended(offline, start), "offline access outlives the session")
		require.False(t, o.ended(mine, start))
		require.Equal(t, 1, o.events(audit.SessionsEnded))
	})
}

func TestEndingTheOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		other := o.elsewhere(phone, start)
		offline := other.grantTo(storagetest.Client(t, o.store), start, "openid", "offline_access")
		half := o.person().half(start)
		at, err := owner.signIn(start)
		require.NoError(t, err)
		device, err := o.Self.EndOtherSessions(t.Context(), at, owner.visitor, start)
		require.NoError(t, err)
		require.NotEmpty(t, device)
		require.NotEqual(t, owner.visitor.TrustCookie, device)

		_, err = owner.signIn(start)
		require.NoError(t, err)
		_, err = other.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.True(t, o.ended(offline, start), "families end too")
		later := start.Add(time.Minute)
		require.ErrorIs(t, other.code(half, phone.at(later), later), account.ErrStartAgain)

		at, err = owner.signIn(start)
		require.NoError(t, err)
		require.NoError(t, o.Self.EndOwnSession(t.Context(), at.User().ID, at.ID(), owner.visitor, start))
		_, err = o.Self.EndOtherSessions(t.Context(), at, owner.visitor, start)
		require.ErrorIs(t, err, account.ErrStartAgain)
	})
}

func TestClosingAnAccount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		owner, client := o.elsewhere(phone, start), storagetest.Client(t, o.store)
		grant := owner.grantTo(client, start, "openid", "offline_access")
		who := owner.freshly(start)
		id := who.User().ID
		require.NoError(t, o.store.Consents.Add(t.Context(), id, client.ID, storage.Access{Scopes: []string{"openid"}}, start))

		var won atomic.Int64
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				if err := o.Self.Close(t.Context(), who, owner.visitor, start); err == nil {
					won.Add(1)
				} else {
					require.ErrorIs(t, err, storage.ErrNotFound)
				}
			})
		}
		wait.Wait()
		require.EqualValues(t, 1, won.Load())
		require.Equal(t, 1, o.events(audit.UserDeleted))
		require.Equal(t, 1, o.notices.count(account.NoticeAccountClosed))
		_, err := o.Operate.Show(t.Context(), ada)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = owner.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = o.store.Grants.ByID(t.Context(), grant.ID, "")
		require.ErrorIs(t, err, storage.ErrNotFound)
		again, _ := o.add(ada, start)
		require.NotEqual(t, id, again.ID, "the e-mail address is free, and the id is not used again")
	})
}

func TestLastAdministratorCannotClose(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		admin := func(email string) self.Fresh {
			user, _, err := o.Operate.Add(t.Context(), identity.NewUser{Email: email, Admin: true}, audit.Operator(), start)
			require.NoError(t, err)
			signIn, err := o.store.Sessions.SignIn(t.Context(), storagetest.SignIn(t, o.store, user), "", start)
			require.NoError(t, err)
			who, ok := self.FreshSignIn(signIn, start)
			require.True(t, ok)
			return who
		}
		first, visitor := admin(ada), o.person().visitor
		require.ErrorIs(t, o.Self.Close(t.Context(), first, visitor, start), self.ErrLastAdmin)
		require.Zero(t, o.events(audit.UserDeleted))
		require.Zero(t, o.notices.count(account.NoticeAccountClosed))
		second := admin("second@example.test")
		require.NoError(t, o.Self.Close(t.Context(), first, visitor, start))
		require.ErrorIs(t, o.Self.Close(t.Context(), second, visitor, start), self.ErrLastAdmin)
	})
}

func TestOwnDataHasNoSecret(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, codes := o.enrolled()
		owner, client := o.elsewhere(phone, start), storagetest.Client(t, o.store)
		grant := owner.grantTo(client, start, "openid")
		who := owner.freshly(start)
		id := who.User().ID
		require.NoError(t, o.store.Consents.Add(t.Context(), id, client.ID, storage.Access{Scopes: []string{"openid"}}, start))
		_, err := o.Operate.Unlock(t.Context(), id, audit.Administrator("an operator's id", netip.Addr{}), start)
		require.NoError(t, err)
		o.add("eve@example.test", start)

		data, err := o.Self.Data(t.Context(), who, owner.visitor, start.Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, ada, data.Account.Email)
		require.Len(t, data.Authenticators, 1)
		require.Equal(t, 10, data.RecoveryCodesLeft)
		require.Len(t, data.Sessions, 2)
		require.Len(t, data.Apps, 1)
		require.Len(t, data.Grants, 1)
		require.Equal(t, audit.DataDownloaded, data.Activity[0].Name)
		require.Equal(t, 1, o.events(audit.DataDownloaded))

		text, err := json.Marshal(data)
		require.NoError(t, err)
		secrets := append(codes, owner.session, adaPassword, "argon2", base32.StdEncoding.EncodeToString(phone.key.Secret), string(grant.CodeHash),
			"an operator's id", "eve@example.test")
		for _, secret := range secrets {
			require.NotContains(t, string(text), secret)
		}
	})
}

func TestActivityIsPaged(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		signIn, err := owner.signIn(start)
		require.NoError(t, err)
		all, more, err := o.Self.Activity(t.Context(), signIn.User().ID, "", 100)
		require.NoError(t, err)
		require.False(t, more)
		require.Greater(t, len(all), 4)
		require.True(t, slices.ContainsFunc(all, func(e self.ActivityEntry) bool {
			return e.Name == audit.PasswordSet && e.Detail["browser"] == owner.visitor.Browser
		}))
		var paged []self.ActivityEntry
		for before := ""; ; before = paged[len(paged)-1].ID {
			page, more, err := o.Self.Activity(t.Context(), signIn.User().ID, before, 2)
			require.NoError(t, err)
			paged = append(paged, page...)
			if !more {
				break
			}
		}
		require.Equal(t, all, paged)
	})
}
