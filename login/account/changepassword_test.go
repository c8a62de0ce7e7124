package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		other := o.person()
		require.NoError(t, other.code(other.half(start), phone.at(start), start))
		half := o.person().half(start)
		grant := storagetest.Grant(t, o.store, o.user(ada), storagetest.Client(t, o.store))
		reset := o.person().askReset(ada, start)
		was, cookie := owner.complete(start), owner.session

		require.NoError(t, owner.change(adaPassword, newPassword, start))
		is := owner.complete(start)
		require.NotEqual(t, cookie, owner.session)
		require.NotEqual(t, was.ID(), is.ID())
		require.Equal(t, was.Time(), is.Time(), "only the password was entered again")
		require.Equal(t, was.Methods(), is.Methods())
		for _, gone := range []string{cookie, other.session} {
			_, err := o.store.Sessions.SignIn(t.Context(), storage.Hash(gone), "", start)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		_, err := o.SignIn.Pending(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrStartAgain)
		state, err := o.store.Grants.ByID(t.Context(), grant.ID, "")
		require.NoError(t, err)
		require.True(t, state.Ended(start))
		_, err = o.Arrive.OpenReset(t.Context(), reset, start)
		require.ErrorIs(t, err, account.ErrLink, "and so has a reset link")
		require.Equal(t, 1, o.notices.count(account.NoticePasswordChanged))
		require.Equal(t, 1, o.events(audit.PasswordChanged))
		_, err = o.person().passwordOf(ada, newPassword, start)
		require.NoError(t, err)
	})
}

func TestChangePasswordRefuses(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		require.ErrorIs(t, owner.change(adaPassword, adaPassword, start), account.ErrSamePassword)
		var weak *account.WeakPasswordError
		require.ErrorAs(t, owner.change(adaPassword, "password", start), &weak)
		for range 10 {
			require.ErrorIs(t, owner.change("wrong", newPassword, start), account.ErrCredentials)
		}
		require.True(t, isWait(owner.change(adaPassword, newPassword, start)), "the right password has to wait too")
		_, err := o.person().password(start)
		require.NoError(t, err, "the browser has a budget of its own")
		require.NoError(t, owner.change(adaPassword, newPassword, start.Add(2*time.Minute)))
		owner.complete(start.Add(2 * time.Minute))
	})
}

// Of 50 simultaneous changes in one session, one sets a new password, and one session is left.
func TestOneSessionChangesThePasswordOnce(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		owner, _, _ := a.enrolled()
		offices := []*office{a, b}
		signIn := owner.complete(start)
		answers := race(t, func(i int) error {
			_, err := offices[i%2].Self.ChangePassword(t.Context(), freshOf(signIn), self.PasswordChange{
				Current: adaPassword, New: newPassword, Session: owner.session, Visitor: owner.visitor,
			}, start)
			return err
		})
		require.Equal(t, 1, answers["done"], "%v", answers)
		_, sessions, err := a.Operate.Sessions(t.Context(), ada, start)
		require.NoError(t, err)
		require.Len(t, sessions, 1)
		require.Equal(t, 1, a.events(audit.PasswordChanged))
	})
}

func TestEnrolLink(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		p := o.person()
		_, err := p.invited(ticket, start)
		require.NoError(t, err)
		half := p.half(start)
		require.ErrorIs(t, o.Enrol.AskEnrolLink(t.Context(), half, p.visitor, start), account.ErrUnverified)
		require.NoError(t, o.store.Users.VerifyEmail(t.Context(), o.user(ada).ID, ada, start))
		for range 3 {
			require.NoError(t, o.Enrol.AskEnrolLink(t.Context(), half, p.visitor, start))
		}
		require.True(t, isWait(o.Enrol.AskEnrolLink(t.Context(), half, p.visitor, start)))
		require.Equal(t, 3, o.notices.count(account.NoticeEnrolLink))
		elsewhere := half
		elsewhere.Browser = "another browser"
		require.ErrorIs(t, o.Enrol.AskEnrolLink(t.Context(), elsewhere, p.visitor, start), account.ErrStartAgain)
		require.ErrorIs(t, o.Enrol.AskEnrolLink(t.Context(), half, p.visitor, start.Add(5*time.Minute)), account.ErrStartAgain)

		_, err = p.invited(ticket, start)
		require.ErrorIs(t, err, account.ErrLink, "the first invitation was replaced")
		half, err = p.invited(secretOf(t, o.mailed(ada, account.NoticeEnrolLink)), start)
		require.NoError(t, err)
		p.enroller(half, start)
	})
}

func TestNoEnrolLinkForAUserWithAnAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		p := o.person()
		require.ErrorIs(t, o.Enrol.AskEnrolLink(t.Context(), p.half(start), p.visitor, start), account.ErrEnrolled)
	})
}
