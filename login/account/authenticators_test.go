package account_test

import (
	"strings"
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

// fresh returns the permission of a person who has just signed in.
func (p *person) fresh(now time.Time) self.Changer {
	p.o.t.Helper()
	signIn, err := p.signIn(now)
	require.NoError(p.o.t, err)
	return p.o.changer(signIn, p.browser, now)
}

func (o *office) changer(signIn storage.SignIn, browser string, now time.Time) self.Changer {
	o.t.Helper()
	fresh, ok := self.FreshSignIn(signIn, now)
	require.True(o.t, ok)
	who, err := self.NewChanger(fresh, browser)
	require.NoError(o.t, err)
	return who
}

// signedIn signs Ada in with a code in another browser.
func (o *office) signedIn(phone phone, now time.Time) *person {
	o.t.Helper()
	p := o.person()
	require.NoError(o.t, p.code(p.half(now), phone.at(now), now))
	return p
}

// shown returns a pending authenticator and a valid confirmation of it.
func (p *person) shown(who self.Changer, replaces string, now time.Time) (phone, self.Confirmation) {
	p.o.t.Helper()
	enrolment, err := p.o.Self.NewAuthenticator(p.o.t.Context(), who, replaces, p.visitor, now)
	require.NoError(p.o.t, err)
	require.Empty(p.o.t, enrolment.RecoveryCodes)
	fresh := phone{enrolment.Key}
	return fresh, self.Confirmation{ID: enrolment.ID, Replaces: replaces, Code: fresh.at(now)}
}

// adds enrols one more authenticator, or one that replaces another.
func (p *person) adds(replaces, name string, now time.Time) phone {
	p.o.t.Helper()
	who := p.fresh(now)
	added, confirm := p.shown(who, replaces, now)
	confirm.Name = name
	device, err := p.o.Self.ConfirmAuthenticator(p.o.t.Context(), who, confirm, p.visitor, now)
	require.NoError(p.o.t, err)
	if device != "" {
		p.visitor.TrustCookie = device
	}
	return added
}

// present returns the authenticators that Ada has now.
func (o *office) present() []storage.Authenticator {
	o.t.Helper()
	profile, err := o.Operate.Show(o.t.Context(), ada)
	require.NoError(o.t, err)
	return profile.Authenticators
}

func TestAddingAnAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, first, codes := o.enrolled()
		here := o.signedIn(first, start)
		half := o.person().half(start)

		who := here.fresh(start)
		added, confirm := here.shown(who, "", start)
		again, _ := here.shown(who, "", start)
		require.Equal(t, added, again, "a reload shows the same key")
		require.Len(t, o.present(), 1, "it is no factor yet")
		confirm.Name = "  Work phone "
		device, err := o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
		require.NoError(t, err)
		require.Empty(t, device, "the cookie of the trusted browser stays valid")

		present := o.present()
		require.Equal(t, []string{"", "Work phone"}, []string{present[0].Name, present[1].Name})
		require.Equal(t, start, present[1].CreatedAt)
		require.True(t, present[1].LastUsedAt.IsZero())
		require.Nil(t, present[1].Secret)
		require.Equal(t, 1, o.events(audit.AuthenticatorAdded))
		require.Equal(t, 2, o.notices.count(account.NoticeAuthenticatorAdded), "there was a message about the first one, too")
		_, err = here.signIn(start)
		require.NoError(t, err, "this browser stays signed in")
		_, err = owner.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "no other browser does")
		_, err = o.SignIn.Pending(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrStartAgain)

		p := o.person()
		require.ErrorIs(t, p.code(p.half(start), added.at(start), start), account.ErrCode, "the confirming code is used up")
		now := start.Add(time.Minute)
		for _, phone := range []phone{first, added} {
			require.NoError(t, p.code(p.half(now), phone.at(now), now))
		}
		require.NoError(t, p.recoveryCode(p.half(now), codes[0], now), "the recovery codes are unchanged")
	})
}

func TestReplacingOneAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, first, codes := o.enrolled()
		here := o.signedIn(first, start)
		second := here.adds("", "Tablet", start)
		app := storagetest.Client(t, o.store)
		signIn, err := here.signIn(start)
		require.NoError(t, err)
		grant := storagetest.Grant(t, o.store, signIn.User(), app)
		known := here.visitor.TrustCookie
		old := o.present()[0].ID

		now := start.Add(time.Minute)
		third := here.adds(old, "", now)
		present := o.present()
		require.Len(t, present, 2)
		require.NotEqual(t, old, present[1].ID)
		require.Equal(t, 1, o.events(audit.AuthenticatorReplaced))
		require.Equal(t, 1, o.notices.count(account.NoticeAuthenticatorReplaced))
		_, err = here.signIn(now)
		require.NoError(t, err, "this browser stays signed in")
		require.NotEqual(t, known, here.visitor.TrustCookie, "and known")
		user, err := o.store.Users.ByID(t.Context(), grant.UserID)
		require.NoError(t, err)
		require.NotEqual(t, grant.Epoch, user.Epoch, "all grants have ended: somebody else may have the replaced authenticator")

		now = now.Add(time.Minute)
		p := o.person()
		require.ErrorIs(t, p.code(p.half(now), first.at(now), now), account.ErrCode)
		require.NoError(t, p.code(p.half(now), second.at(now), now))
		require.NoError(t, p.code(p.half(now), third.at(now), now))
		require.NoError(t, p.recoveryCode(p.half(now), codes[0], now))
	})
}

// A replaced authenticator ends the trust of all browsers and renews the cookie of this browser.
func TestReplacingForgetsOtherBrowsers(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		elsewhere, first, _ := o.enrolled()
		here := o.signedIn(first, start)
		only := here.adds(o.present()[0].ID, "", start)
		stranger := o.person()
		half := stranger.half(start)
		for range 5 {
			require.ErrorIs(t, stranger.code(half, only.wrongAt(start), start), account.ErrCode)
		}
		now := start.Add(30 * time.Second)
		waitsFor(t, elsewhere.code(elsewhere.half(now), only.at(now), now), start, time.Minute)
		require.NoError(t, here.code(here.half(now), only.at(now), now))
	})
}

func TestRemovingAnAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, first, _ := o.enrolled()
		here := o.signedIn(first, start)
		lost := o.present()[0].ID
		require.ErrorIs(t, o.Self.RemoveAuthenticator(t.Context(), here.fresh(start), lost, here.visitor, start), account.ErrLastAuthenticator)
		second := here.adds("", "Tablet", start)
		require.ErrorIs(t, o.Self.RemoveAuthenticator(t.Context(), here.fresh(start), "none", here.visitor, start), storage.ErrNotFound)

		now := start.Add(time.Minute)
		require.NoError(t, owner.code(owner.half(now), second.at(now), now))
		require.NoError(t, o.Self.RemoveAuthenticator(t.Context(), here.fresh(now), lost, here.visitor, now))
		require.Len(t, o.present(), 1)
		require.Equal(t, 1, o.events(audit.AuthenticatorRemoved))
		require.Equal(t, 1, o.notices.count(account.NoticeAuthenticatorRemoved))
		_, err := here.signIn(now)
		require.NoError(t, err)
		_, err = owner.signIn(now)
		require.ErrorIs(t, err, storage.ErrNotFound)
		now = now.Add(time.Minute)
		require.ErrorIs(t, owner.code(owner.half(now), first.at(now), now), account.ErrCode)
		require.NoError(t, owner.code(owner.half(now), second.at(now), now))
	})
}

func TestRenamingAnAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		late := enrolledAt.Add(30 * time.Minute) // no fresh sign-in is needed
		signIn, err := owner.signIn(late)
		require.NoError(t, err)
		id := o.present()[0].ID
		rename := func(id, name string) error {
			return o.Self.RenameAuthenticator(t.Context(), signIn, id, name, owner.visitor, late)
		}
		require.NoError(t, rename(id, " Ada’s phone "))
		require.Equal(t, "Ada’s phone", o.present()[0].Name)
		require.NoError(t, rename(id, ""))
		require.Empty(t, o.present()[0].Name)
		require.NoError(t, rename(id, strings.Repeat("ä", 64)))
		for _, name := range []string{strings.Repeat("ä", 65), "tab\there", "\u202eenohp"} {
			var invalid *identity.InvalidError
			require.ErrorAs(t, rename(id, name), &invalid, name)
		}
		require.ErrorIs(t, rename("none", "x"), storage.ErrNotFound)
		require.Equal(t, 3, o.events(audit.AuthenticatorRenamed))

		_, ticket := o.add("eve@example.test", start)
		eve := o.person()
		half, err := eve.invited(ticket, start)
		require.NoError(t, err)
		who := eve.enroller(half, start)
		eve.confirmed(who, start)
		done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, "", eve.visitor, start)
		require.NoError(t, err)
		eve.keep(done, nil)
		signIn, err = eve.signIn(start)
		require.NoError(t, err)
		require.ErrorIs(t, rename(id, "Mine"), storage.ErrNotFound, "it is somebody else's")
		require.ErrorIs(t, o.Self.RemoveAuthenticator(t.Context(), eve.fresh(start), id, eve.visitor, start), storage.ErrNotFound)
		_, err = o.Self.NewAuthenticator(t.Context(), eve.fresh(start), id, eve.visitor, start)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestTenAuthenticatorsAtMost(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, first, _ := o.enrolled()
		here := o.signedIn(first, start)
		for range 8 {
			here.adds("", "", start)
		}
		who := here.fresh(start)
		_, confirm := here.shown(who, "", start)
		require.NoError(t, o.store.Authenticators.Add(t.Context(), storage.Authenticator{
			ID: storage.NewID(), UserID: o.present()[0].UserID, Kind: storage.KindTOTP, Secret: []byte("01234567890123456789"), Algorithm: "SHA1", Digits: 6, Period: 30, CreatedAt: start,
		}))
		_, err := o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
		require.ErrorIs(t, err, account.ErrTooMany, "nor by an enrolment that began earlier")
		_, err = o.Self.NewAuthenticator(t.Context(), who, "", here.visitor, start)
		require.ErrorIs(t, err, account.ErrTooMany)
		require.Len(t, o.present(), 10)
		here.adds(o.present()[3].ID, "", start)
		require.Len(t, o.present(), 10)
	})
}
