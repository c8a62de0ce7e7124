package account_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func eachTelling(t *testing.T, body func(t *testing.T, o *office)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		body(t, openOfficeWith(t, db, func(c *journeys.Config) { c.TellNewBrowsers = true }))
	})
}

func disownSecret(t *testing.T, notice account.Notice) string {
	link, err := url.Parse(notice.Link)
	require.NoError(t, err)
	require.Equal(t, "/reset/not-me", link.Path)
	return link.Query().Get("ticket")
}

func TestNewBrowserIsTold(t *testing.T) {
	eachTelling(t, func(t *testing.T, o *office) {
		owner, phone, codes := o.enrolled()
		require.Empty(t, o.notices.to(ada, account.NoticeNewBrowser), "the owner is not told of the enrolment")
		require.NoError(t, owner.code(owner.half(start), phone.at(start), start))
		require.Empty(t, o.notices.to(ada, account.NoticeNewBrowser), "nor of a sign-in in a known browser")

		stranger, now := o.person(), start.Add(time.Minute)
		require.ErrorIs(t, stranger.code(stranger.half(now), phone.wrongAt(now), now), account.ErrCode)
		require.Empty(t, o.notices.to(ada, account.NoticeNewBrowser), "nor of a sign-in that failed")
		require.NoError(t, stranger.code(stranger.half(now), phone.at(now), now))
		told := o.notices.to(ada, account.NoticeNewBrowser)
		require.Len(t, told, 1)
		require.Equal(t, "Firefox on Linux", told[0].Browser)
		require.Equal(t, "192.0.2.0/24", told[0].Network)
		require.Equal(t, now.Add(7*24*time.Hour), told[0].Expires)
		now = now.Add(time.Minute)
		require.NoError(t, stranger.code(stranger.half(now), phone.at(now), now))
		require.Len(t, o.notices.to(ada, account.NoticeNewBrowser), 1, "after that the browser is known")

		for range 5 { // private windows
			now = now.Add(time.Minute)
			p := o.person()
			require.NoError(t, p.code(p.half(now), phone.at(now), now))
		}
		require.Len(t, o.notices.to(ada, account.NoticeNewBrowser), 3, "at most three messages an hour")
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(now), codes[0], now))
		require.Len(t, o.notices.to(ada, account.NoticeNewBrowser), 3, "a recovery code has a message of its own")
	})
}

func TestFirstSignInOfImportedAccountIsNotTold(t *testing.T) {
	eachTelling(t, func(t *testing.T, o *office) {
		_, err := imports(o, `{"email":"`+ada+`","password":"`+adaPassword+`","totp":["`+secretURI+`"]}`)
		require.NoError(t, err)
		key, _, err := otp.ParseURI(secretURI)
		require.NoError(t, err)
		for i, want := range []int{0, 1} {
			now := start.Add(time.Duration(i) * time.Minute)
			p := o.person()
			require.NoError(t, p.code(p.half(now), phone{key}.at(now), now))
			require.Len(t, o.notices.to(ada, account.NoticeNewBrowser), want)
		}
	})
}

func TestNewBrowserIsNotToldUnlessConfigured(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	_, phone, _ := o.enrolled()
	p := o.person()
	require.NoError(t, p.code(p.half(start), phone.at(start), start))
	require.Empty(t, o.notices.to(ada, account.NoticeNewBrowser))
}

// stolen is a stranger's sign-in with Ada's password and phone, and the link that was mailed to Ada.
func stolen(t *testing.T, o *office) (owner, thief *person, phone phone, secret string) {
	owner, phone, _ = o.enrolled()
	thief = o.person()
	require.NoError(t, thief.code(thief.half(start), phone.at(start), start))
	return owner, thief, phone, disownSecret(t, o.notices.to(ada, account.NoticeNewBrowser)[0])
}

func TestDisowningASignIn(t *testing.T) {
	eachTelling(t, func(t *testing.T, o *office) {
		owner, thief, phone, secret := stolen(t, o)
		signIn, err := thief.signIn(start)
		require.NoError(t, err)
		grant := storagetest.Grant(t, o.store, signIn.User(), storagetest.Client(t, o.store))
		grant.ID, grant.SID, grant.CodeHash = storage.NewID(), signIn.ID(), storage.Hash("granted in the session")
		require.NoError(t, o.store.Grants.Issue(t.Context(), grant, ""))

		now := start.Add(time.Hour / 2)
		user, at, err := o.Recovery.OpenDisowning(t.Context(), secret, now)
		require.NoError(t, err)
		require.Equal(t, ada, user.Email)
		require.Equal(t, start, at.UTC())
		_, err = thief.signIn(start)
		require.NoError(t, err, "looking changes nothing")

		reset, err := o.Recovery.Disown(t.Context(), secret, owner.visitor, now)
		require.NoError(t, err)
		_, err = thief.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = owner.signIn(start)
		require.NoError(t, err, "the owner's own session continues")
		grants, err := o.store.Grants.OfUser(t.Context(), user.ID, 10)
		require.NoError(t, err)
		for _, g := range grants {
			require.Equal(t, g.ID == grant.ID, !g.RevokedAt.IsZero())
		}
		require.Equal(t, 1, o.events(audit.SignInDisowned))
		require.NoError(t, thief.code(thief.half(now), phone.at(now), now))
		_, err = thief.signIn(now)
		require.ErrorIs(t, err, storage.ErrNotFound, "sign-ins by the stranger are held")

		_, err = o.Recovery.Disown(t.Context(), secret, owner.visitor, now)
		require.ErrorIs(t, err, account.ErrLink, "once")
		require.NoError(t, o.Arrive.ResetPassword(t.Context(), reset, "another sentence of words", owner.visitor, now))
		_, err = thief.password(now)
		require.ErrorIs(t, err, account.ErrCredentials)
	})
}

// After a change of password, a session continues under another id.
func TestDisowningASessionWithANewID(t *testing.T) {
	eachTelling(t, func(t *testing.T, o *office) {
		owner, thief, _, secret := stolen(t, o)
		fresh, ok := self.FreshSignIn(must(thief.signIn(start)), start)
		require.True(t, ok)
		done, err := o.Self.ChangePassword(t.Context(), fresh, self.PasswordChange{
			Current: adaPassword, New: "the thief's own sentence", Session: thief.session, Visitor: thief.visitor,
		}, start)
		require.NoError(t, err)
		thief.keep(done, nil)
		_, err = o.Recovery.Disown(t.Context(), secret, owner.visitor, start)
		require.NoError(t, err)
		_, err = thief.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestLinksThatDisownNothing(t *testing.T) {
	eachTelling(t, func(t *testing.T, o *office) {
		owner, _, phone, secret := stolen(t, o)
		_, _, err := o.Recovery.OpenDisowning(t.Context(), secret, start.Add(7*24*time.Hour))
		require.ErrorIs(t, err, account.ErrLink)
		require.NoError(t, o.Arrive.AskReset(t.Context(), ada, owner.visitor, start))
		reset, err := url.Parse(o.notices.to(ada, account.NoticePasswordReset)[0].Link)
		require.NoError(t, err)
		_, err = o.Recovery.Disown(t.Context(), reset.Query().Get("ticket"), owner.visitor, start)
		require.ErrorIs(t, err, account.ErrLink)
		require.ErrorIs(t, o.Arrive.ResetPassword(t.Context(), secret, "another sentence of words", owner.visitor, start), account.ErrLink)

		later := o.person()
		now := start.Add(time.Minute)
		require.NoError(t, later.code(later.half(now), phone.at(now), now))
		_, _, err = o.Recovery.OpenDisowning(t.Context(), secret, now)
		require.NoError(t, err, "a later sign-in leaves the link good")
		require.NoError(t, o.store.Users.BeginEmailChange(t.Context(), must(owner.signIn(now)).User(), now.Add(time.Hour)))
		require.NoError(t, o.store.Users.ChangeEmail(t.Context(), must(owner.signIn(now)).User().ID, "new@example.test", now))
		_, _, err = o.Recovery.OpenDisowning(t.Context(), secret, now)
		require.ErrorIs(t, err, account.ErrLink, "the account has another e-mail address now")
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestRaceOnOneDisowning(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		o := openOfficeWith(t, db, func(c *journeys.Config) { c.TellNewBrowsers = true })
		owner, _, _, secret := stolen(t, o)
		answers := race(t, func(int) error {
			_, err := o.Recovery.Disown(t.Context(), secret, owner.visitor, start)
			if errors.Is(err, account.ErrLink) {
				return fmt.Errorf("over: %w", account.ErrCode)
			}
			return err
		})
		require.Equal(t, map[string]int{"done": 1, "wrong code": racers - 1}, answers)
	})
}
