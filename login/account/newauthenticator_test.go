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

// A pending key is discarded after five wrong codes or ten minutes, and the person is told about a clock that is off.
func TestNewAuthenticatorIsGivenUp(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, first, _ := o.enrolled()
		here := o.signedIn(first, start)
		who := here.fresh(start)
		added, confirm := here.shown(who, "", start)
		try := func(code string, now time.Time) error {
			confirm.Code = code
			_, err := o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, now)
			return err
		}
		var clock *account.ClockError
		require.ErrorAs(t, try(added.at(start.Add(5*time.Minute)), start), &clock)
		require.Equal(t, 5*time.Minute, clock.Offset)
		confirm.Name = strings.Repeat("x", 65)
		var invalid *identity.InvalidError
		require.ErrorAs(t, try(added.at(start), start), &invalid)
		confirm.Name = ""
		for range 3 {
			require.ErrorIs(t, try(added.wrongAt(start), start), account.ErrCode)
		}
		require.ErrorIs(t, try("junk", start), account.ErrEnrolmentLost)
		require.ErrorIs(t, try(added.at(start), start), account.ErrEnrolmentLost)
		require.Equal(t, 5, o.events(audit.EnrolmentRefused))

		added, confirm = here.shown(who, "", start)
		late := start.Add(10 * time.Minute)
		require.ErrorIs(t, try(added.at(late), late), account.ErrEnrolmentLost)
		require.Len(t, o.present(), 1)
	})
}

func TestFormSentTwiceAddsOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, first, _ := o.enrolled()
		here := o.signedIn(first, start)
		who := here.fresh(start)
		_, confirm := here.shown(who, "", start)
		for range 2 {
			_, err := o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
			require.NoError(t, err)
		}
		require.Len(t, o.present(), 2)
		require.Equal(t, 1, o.events(audit.AuthenticatorAdded))
		after, _ := here.shown(who, "", start)
		require.NotEqual(t, confirm.Code, after.at(start), "the next authenticator has a key of its own")
	})
}

func TestWhoMayChangeFactors(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	_, phone, codes := o.enrolled()
	p := o.signedIn(phone, start)
	signIn, err := p.signIn(start)
	require.NoError(t, err)
	_, ok := self.FreshSignIn(signIn, start.Add(10*time.Minute-time.Second))
	require.True(t, ok)
	_, ok = self.FreshSignIn(signIn, start.Add(10*time.Minute))
	require.False(t, ok, "not later")
	_, ok = self.FreshSignIn(storage.SignIn{}, start)
	require.False(t, ok, "nobody")

	require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
	recovered, err := p.signIn(start)
	require.NoError(t, err)
	fresh, ok := self.FreshSignIn(recovered, start)
	require.True(t, ok)
	_, err = self.NewChanger(fresh, p.browser)
	require.ErrorIs(t, err, account.ErrRecovered, "a recovery code is not the authenticator")
}

// A pending authenticator can only be confirmed for its own purpose, and only the newest one.
func TestPendingAuthenticatorKeepsItsPurpose(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, first, codes := o.enrolled()
		here := o.signedIn(first, start)
		here.adds("", "Tablet", start)
		ids := []string{o.present()[0].ID, o.present()[1].ID}
		who := here.fresh(start)
		refused := func(who self.Changer, confirm self.Confirmation) {
			t.Helper()
			_, err := o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
			require.ErrorIs(t, err, account.ErrEnrolmentLost)
			require.Len(t, o.present(), 2)
		}
		_, confirm := here.shown(who, ids[0], start)
		for _, replaces := range []string{"", ids[1]} {
			wrong := confirm
			wrong.Replaces = replaces
			refused(who, wrong)
		}
		_, later := here.shown(who, ids[1], start)
		refused(who, confirm)
		later.ID = confirm.ID
		refused(who, later)

		signIn, err := here.signIn(start)
		require.NoError(t, err)
		elsewhere := o.changer(signIn, "another browser", start)
		mine, confirm := here.shown(who, "", start)
		theirs, _ := here.shown(elsewhere, "", start)
		require.NotEqual(t, mine.key.Secret, theirs.key.Secret, "a key that was shown elsewhere is not shown here")
		refused(who, confirm)

		thief := o.person()
		require.NoError(t, thief.recoveryCode(thief.half(start), codes[0], start))
		recovered, err := thief.signIn(start)
		require.NoError(t, err)
		lost, err := o.Enrol.RecoveredEnroller(recovered, start)
		require.NoError(t, err)
		require.ErrorIs(t, o.Enrol.ConfirmEnrolment(t.Context(), lost, theirs.at(start), thief.visitor, start), account.ErrEnrolmentLost)
		shown, err := o.Enrol.Enrolment(t.Context(), lost, thief.visitor, start)
		require.NoError(t, err)
		require.NotEqual(t, theirs.key.Secret, shown.Key.Secret)
		require.NoError(t, o.Enrol.ConfirmEnrolment(t.Context(), lost, phone{shown.Key}.at(start), thief.visitor, start))
		refused(elsewhere, self.Confirmation{ID: confirm.ID, Code: phone{shown.Key}.at(start)})
	})
}

// A permission is void once its session, or everything granted to the user, has ended.
func TestEndedSessionChangesNoFactor(t *testing.T) {
	ends := map[string]func(o *office, p *person) error{
		"signed out": func(o *office, p *person) error { return o.store.Sessions.End(o.t.Context(), storage.Hash(p.session)) },
		"signed out everywhere": func(o *office, _ *person) error {
			_, _, err := o.Operate.SignOut(o.t.Context(), ada, audit.Operator(), start)
			return err
		},
		"disabled": func(o *office, _ *person) error {
			_, err := o.Operate.Disable(o.t.Context(), ada, audit.Operator(), start)
			return err
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				_, first, _ := o.enrolled()
				here := o.signedIn(first, start)
				here.adds("", "Tablet", start)
				who, ids := here.fresh(start), []string{o.present()[0].ID, o.present()[1].ID}
				sheet, err := o.Self.NewRecoveryCodes(t.Context(), who, start)
				require.NoError(t, err)
				_, confirm := here.shown(who, "", start)
				require.NoError(t, end(o, here))
				told := len(o.notices.sent)

				_, err = o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
				require.ErrorIs(t, err, account.ErrStartAgain)
				require.ErrorIs(t, o.Self.RemoveAuthenticator(t.Context(), who, ids[0], here.visitor, start), account.ErrStartAgain)
				require.ErrorIs(t, o.Self.KeepRecoveryCodes(t.Context(), who, sheet.ID, here.visitor, start), account.ErrStartAgain)
				_, confirm = here.shown(who, ids[0], start)
				_, err = o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
				require.ErrorIs(t, err, account.ErrStartAgain)

				require.Len(t, o.present(), 2)
				require.Equal(t, ids[0], o.present()[0].ID)
				require.Len(t, o.notices.sent, told)
			})
		})
	}
}
