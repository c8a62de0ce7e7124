package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// askReset asks for a link and returns its secret.
func (p *person) askReset(name string, now time.Time) string {
	p.o.t.Helper()
	require.NoError(p.o.t, p.o.Arrive.AskReset(p.o.t.Context(), name, p.visitor, now))
	return secretOf(p.o.t, p.o.mailed(ada, account.NoticePasswordReset))
}

func TestResetPassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, codes := o.enrolled()
		client := storagetest.Client(t, o.store)
		grant := storagetest.Grant(t, o.store, o.user(ada), client)
		half := o.person().half(start)
		p := o.person()
		secret := p.askReset("ADA@example.test", start)
		require.Equal(t, start.Add(30*time.Minute), o.mailed(ada, account.NoticePasswordReset).Expires)
		user, err := o.Arrive.OpenReset(t.Context(), secret, start)
		require.NoError(t, err)
		require.Equal(t, ada, user.Email)

		var weak *account.WeakPasswordError
		require.ErrorAs(t, o.Arrive.ResetPassword(t.Context(), secret, "password", p.visitor, start), &weak)
		require.NoError(t, o.Arrive.ResetPassword(t.Context(), secret, newPassword, p.visitor, start))
		require.ErrorIs(t, o.Arrive.ResetPassword(t.Context(), secret, adaPassword, p.visitor, start), account.ErrLink, "once")
		_, err = o.Arrive.OpenReset(t.Context(), secret, start)
		require.ErrorIs(t, err, account.ErrLink)
		require.Equal(t, 1, o.notices.count(account.NoticePasswordChanged))
		require.Equal(t, 1, o.events(audit.PasswordReset))

		_, err = owner.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "every session ends")
		_, err = o.SignIn.Pending(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrStartAgain, "and every half-done one")
		state, err := o.store.Grants.ByID(t.Context(), grant.ID, "")
		require.NoError(t, err)
		require.True(t, state.Ended(start), "and every family")
		_, sessions, err := o.Operate.Sessions(t.Context(), ada, start)
		require.NoError(t, err)
		require.Empty(t, sessions, "nobody is signed in by it")

		profile, err := o.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Len(t, profile.Authenticators, 1, "the second factor is unchanged")
		require.Equal(t, len(codes), profile.RecoveryCodesLeft)
		_, err = p.password(start)
		require.ErrorIs(t, err, account.ErrCredentials)
		fresh, err := p.passwordOf(ada, newPassword, start)
		require.NoError(t, err)
		require.NoError(t, p.code(fresh, phone.at(start), start))
	})
}

func TestResetLinksExpire(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		p := o.person()
		secret := p.askReset(ada, start)
		require.ErrorIs(t, o.Arrive.ResetPassword(t.Context(), secret, newPassword, p.visitor, start.Add(30*time.Minute)), account.ErrLink)
		newer := p.askReset(ada, start)
		require.ErrorIs(t, o.Arrive.ResetPassword(t.Context(), secret, newPassword, p.visitor, start), account.ErrLink, "only the newest link works")
		require.NoError(t, o.Arrive.ResetPassword(t.Context(), newer, newPassword, p.visitor, start.Add(30*time.Minute-time.Microsecond)))
	})
}

func TestExpiredResetLinksAreSwept(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		p := o.person()
		hash := storage.Hash(p.askReset(ada, start))
		_, err := o.store.Sweep(t.Context(), start.Add(30*time.Minute), 100)
		require.NoError(t, err)
		_, err = o.store.Links.ByHash(t.Context(), hash, storage.LinkReset)
		require.ErrorIs(t, err, storage.ErrNotFound, "swept")
	})
}

// A link is only valid for its own purpose.
func TestLinksHaveOnePurpose(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, _, _ = o.enrolled()
		_, invitation := o.add("new@example.test", start)
		p := o.person()
		reset := p.askReset(ada, start)
		registration := p.register("other@example.test", start)
		session := o.unverified("bob@example.test", start)
		require.NoError(t, o.Arrive.AskVerification(t.Context(), session, p.visitor, start))
		verify := secretOf(t, o.mailed("bob@example.test", account.NoticeVerifyAddress))
		require.NoError(t, o.Self.AskEmailChange(t.Context(), freshOf(session), "bobby@example.test", p.visitor, start))
		email := secretOf(t, o.mailed("bobby@example.test", account.NoticeEmailConfirm))

		doors := map[string]func(secret string) error{
			"invitation": func(s string) error { _, err := p.invited(s, start); return err },
			"reset":      func(s string) error { return o.Arrive.ResetPassword(t.Context(), s, newPassword, p.visitor, start) },
			"registration": func(s string) error {
				_, err := o.Arrive.CompleteSignUp(t.Context(), p.choose(s, newPassword), start)
				return err
			},
			"verify": func(s string) error { return o.Arrive.ConfirmAddress(t.Context(), s, p.visitor, start) },
			"email": func(s string) error {
				_, err := o.Self.ConfirmEmailChange(t.Context(), s, "", p.visitor, start)
				return err
			},
		}
		secrets := map[string]string{"invitation": invitation, "reset": reset, "registration": registration, "verify": verify, "email": email, "none": ""}
		for door, open := range doors {
			for kind, secret := range secrets {
				if door == kind || door == "registration" && kind == "invitation" {
					continue
				}
				require.ErrorIs(t, open(secret), account.ErrLink, "%s opens %s", kind, door)
			}
		}
		require.ErrorIs(t, doors["registration"](invitation), account.ErrSignedUp)
		for _, door := range []string{"invitation", "reset", "registration", "verify", "email"} {
			require.NoError(t, doors[door](secrets[door]), door)
		}
	})
}

// Somebody with a half-done sign-in and a reset link cannot add an authenticator.
func TestResetNeverEnrols(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		p := o.person()
		_, err := p.invited(ticket, start)
		require.NoError(t, err)
		secret := p.askReset(ada, start)
		half, err := o.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{
			Name: ada, Password: adaPassword, Invitation: secret, Browser: p.browser, Visitor: p.visitor,
		}, start)
		require.NoError(t, err)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)
		require.NoError(t, o.Arrive.ResetPassword(t.Context(), secret, newPassword, p.visitor, start))
		half, err = o.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{
			Name: ada, Password: newPassword, Invitation: secret, Browser: p.browser, Visitor: p.visitor,
		}, start)
		require.NoError(t, err)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)
	})
}

func TestResetOfNobody(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		p := o.person()
		secret := p.askReset(ada, start)
		_, err := o.Operate.Disable(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.ErrorIs(t, o.Arrive.ResetPassword(t.Context(), secret, newPassword, p.visitor, start), account.ErrLink)
		for _, name := range []string{ada, "nobody", "nobody@example.test", "", "a\x00b"} {
			require.NoError(t, o.Arrive.AskReset(t.Context(), name, p.visitor, start), "%q", name)
		}
		require.Equal(t, 1, o.notices.count(account.NoticePasswordReset), "only the message from before it was disabled")
		require.Equal(t, 6, o.events(audit.PasswordResetAsked))
	})
}

func TestResetMailIsLimited(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		for range 20 {
			require.NoError(t, o.Arrive.AskReset(t.Context(), ada, o.person().visitor, start))
			require.NoError(t, o.Arrive.AskReset(t.Context(), "nobody", o.person().visitor, start))
		}
		require.Equal(t, 3, o.notices.count(account.NoticePasswordReset))
		require.NoError(t, o.Arrive.AskReset(t.Context(), ada, o.person().visitor, start.Add(time.Hour)))
		require.Equal(t, 4, o.notices.count(account.NoticePasswordReset))
	})
}

// A password reset ends the wait after wrong passwords, but not the wait after wrong codes.
func TestResetEndsTheWaitForPasswordsOnly(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		thief := o.person()
		half := thief.half(start)
		for range 5 {
			require.ErrorIs(t, thief.code(half, phone.wrongAt(start), start), account.ErrCode)
		}
		for range 10 {
			_, err := o.person().passwordOf(ada, "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		p := o.person()
		_, err := p.password(start)
		require.True(t, isWait(err))
		require.NoError(t, o.Arrive.ResetPassword(t.Context(), p.askReset(ada, start), newPassword, p.visitor, start))
		half, err = p.passwordOf(ada, newPassword, start)
		require.NoError(t, err)
		require.True(t, isWait(p.code(half, phone.at(start), start)))
	})
}

func TestOneResetLinkIsOnePassword(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		a.enrolled()
		offices := []*office{a, b}
		secret := a.person().askReset(ada, start)
		before := a.user(ada).Epoch
		answers := race(t, func(i int) error {
			o := offices[i%2]
			return o.Arrive.ResetPassword(t.Context(), secret, newPassword, o.person().visitor, start)
		})
		require.Equal(t, map[string]int{"done": 1, account.ErrLink.Error(): racers - 1}, answers)
		require.Equal(t, before+1, a.user(ada).Epoch)
		require.Equal(t, 1, a.notices.count(account.NoticePasswordChanged)+b.notices.count(account.NoticePasswordChanged))
	})
}
