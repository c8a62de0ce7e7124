package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// guess types so many wrong codes after the right password.
func (p *person) guess(phone phone, tries int, now time.Time) {
	p.o.t.Helper()
	half := p.half(now)
	for range tries {
		require.ErrorIs(p.o.t, p.code(half, phone.wrongAt(now), now), account.ErrCode)
	}
}

// held returns the browser's sign-in that is held until a new password is chosen.
func (p *person) held(now time.Time) storage.HeldSignIn {
	p.o.t.Helper()
	held, err := p.o.store.Sessions.HeldSignIn(p.o.t.Context(), storage.Hash(p.session), now)
	require.NoError(p.o.t, err)
	return held
}

func (p *person) chooseNew(held storage.HeldSignIn, password string, now time.Time) error {
	done, err := p.o.Self.ChooseNewPassword(p.o.t.Context(), held, self.PasswordChange{New: password, Session: p.session, Visitor: p.visitor}, now)
	p.keep(done, err)
	return err
}

func TestSomebodyElseHasThePassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		thief := o.person()
		thief.guess(phone, 4, start)
		require.False(t, o.user(ada).Exposed())
		thief.guess(phone, 1, start)
		require.True(t, o.user(ada).Exposed())
		require.Equal(t, 5, o.mailed(ada, account.NoticeExposed).Count)
		require.Equal(t, 1, o.events(audit.PasswordExposed))
		thief.guess(phone, 1, start.Add(time.Hour))
		require.Equal(t, 1, o.notices.count(account.NoticeExposed), "one mail")
		owner.complete(start) // the owner's earlier sign-in continues

		later := start.Add(2 * time.Minute)
		half := owner.half(later)
		done, err := o.SignIn.ConfirmCode(t.Context(), owner.attempt(half, phone.at(later)), later)
		require.NoError(t, err)
		require.True(t, done.Held)
		owner.keep(done, nil)
		_, err = owner.signIn(later)
		require.ErrorIs(t, err, storage.ErrNotFound, "the password is not exposed yet")
		held := owner.held(later)

		var weak *account.WeakPasswordError
		require.ErrorAs(t, owner.chooseNew(held, "password", later), &weak)
		require.ErrorIs(t, owner.chooseNew(held, adaPassword, later), account.ErrSamePassword)
		cookie := owner.session
		require.NoError(t, owner.chooseNew(held, newPassword, later.Add(time.Minute)))
		require.NotEqual(t, cookie, owner.session)
		signIn := owner.complete(later.Add(time.Minute))
		require.Equal(t, later, signIn.Time(), "after both factors")
		require.Equal(t, []string{"pwd", "otp", "mfa"}, signIn.Methods())
		require.False(t, o.user(ada).Exposed())
		require.Equal(t, 1, o.notices.count(account.NoticePasswordChanged))
		late := *owner
		late.session = cookie
		require.ErrorIs(t, late.chooseNew(held, "eight silent boats drift", later.Add(time.Minute)), account.ErrStartAgain, "once")

		_, err = thief.password(later)
		require.ErrorIs(t, err, account.ErrCredentials)
		other := o.person()
		next := later.Add(2 * time.Hour)
		half, err = other.passwordOf(ada, newPassword, next)
		require.NoError(t, err)
		require.NoError(t, other.code(half, phone.at(next), next))
		other.complete(next)
	})
}

// Wrong codes in one of the owner's browsers are typing mistakes.
func TestKnownBrowserRaisesNoAlarm(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		owner.guess(phone, 5, start)
		require.Equal(t, 1, o.notices.count(account.NoticeExposed), "a mail")
		require.False(t, o.user(ada).Exposed(), "and no more")
		later := start.Add(2 * time.Minute)
		require.NoError(t, owner.code(owner.half(later), phone.at(later), later))
		owner.complete(later)
	})
}

func TestWrongRecoveryCodesRaiseTheAlarm(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		thief := o.person()
		half := thief.half(start)
		for range 5 {
			require.ErrorIs(t, thief.recoveryCode(half, "aaaaa-aaaaa", start), account.ErrCode)
		}
		require.True(t, o.user(ada).Exposed())
	})
}

// A person whose password is exposed and whose phone is lost chooses a new password first, and then a new authenticator.
func TestRecoveryCodeOfAnExposedAccount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, codes := o.enrolled()
		o.person().guess(phone, 5, start)
		p := o.person()
		done, err := o.Recovery.UseRecoveryCode(t.Context(), p.attempt(p.half(start), codes[0]), start)
		require.NoError(t, err)
		require.True(t, done.Held)
		p.keep(done, nil)
		held := p.held(start)
		require.True(t, held.Recovered())
		require.NoError(t, p.chooseNew(held, newPassword, start))
		signIn := p.complete(start)
		require.True(t, signIn.Recovered())
		_, err = o.Enrol.RecoveredEnroller(signIn, start)
		require.NoError(t, err)
	})
}

// Every way to a new password removes the mark; unlocking by an operator does not.
func TestWhatRemovesTheMark(t *testing.T) {
	ways := map[string]struct {
		marked bool
		do     func(o *office, owner *person) error
	}{
		"reset by mail": {false, func(o *office, _ *person) error {
			p := o.person()
			return o.Arrive.ResetPassword(o.t.Context(), p.askReset(ada, start), newPassword, p.visitor, start)
		}},
		"reset by mail to the same password": {true, func(o *office, _ *person) error {
			p := o.person()
			err := o.Arrive.ResetPassword(o.t.Context(), p.askReset(ada, start), adaPassword, p.visitor, start)
			require.ErrorIs(o.t, err, account.ErrSamePassword)
			return nil
		}},
		"change in a session from before": {false, func(_ *office, owner *person) error { return owner.change(adaPassword, newPassword, start) }},
		"unlock": {true, func(o *office, _ *person) error {
			_, err := o.Operate.Unlock(o.t.Context(), ada, audit.Operator(), start)
			return err
		}},
		"new invitation after a factor reset": {false, func(o *office, _ *person) error {
			_, invitation, err := o.Operate.ResetFactor(o.t.Context(), ada, audit.Operator(), start)
			require.NoError(o.t, err)
			_, err = o.person().invited(ticketOf(o.t, invitation), start)
			return err
		}},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				owner, phone, _ := o.enrolled()
				o.person().guess(phone, 5, start)
				require.NoError(t, way.do(o, owner))
				require.Equal(t, way.marked, o.user(ada).Exposed())
			})
		})
	}
}

func TestAlarmIsRaisedOnce(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		offices := []*office{a, b}
		thief := a.person()
		half := thief.half(start)
		race(t, func(i int) error {
			_, err := offices[i%2].SignIn.ConfirmCode(t.Context(), thief.attempt(half, phone.wrongAt(start)), start)
			return err
		})
		require.True(t, a.user(ada).Exposed())
		require.Equal(t, 1, a.events(audit.PasswordExposed))
		require.Equal(t, 1, a.notices.count(account.NoticeExposed)+b.notices.count(account.NoticeExposed))
	})
}
