package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func TestNewRecoveryCodes(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, old := o.enrolled()
		here := o.signedIn(phone, start)
		who := here.fresh(start)
		_, err := o.Self.PendingRecoveryCodes(t.Context(), who, start)
		require.ErrorIs(t, err, account.ErrSheetGone)

		sheet, err := o.Self.NewRecoveryCodes(t.Context(), who, start)
		require.NoError(t, err)
		require.Len(t, sheet.Codes, 10)
		require.Equal(t, ada, sheet.Account)
		again, err := o.Self.NewRecoveryCodes(t.Context(), who, start)
		require.NoError(t, err)
		require.Equal(t, sheet, again, "a second tab and a double click show the same codes")
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(start), old[0], start), "the earlier codes are valid until the new ones are kept")
		_, err = here.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "and end other sessions as always")

		now := start.Add(time.Minute)
		here = o.signedIn(phone, now)
		owner := o.signedIn(phone, now.Add(30*time.Second))
		who = here.fresh(now)
		sheet, err = o.Self.NewRecoveryCodes(t.Context(), who, now)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, o.Self.KeepRecoveryCodes(t.Context(), who, sheet.ID, here.visitor, now), "the form is sent twice")
		}
		require.Equal(t, 1, o.events(audit.RecoveryCodesReplaced))
		require.Equal(t, 1, o.notices.count(account.NoticeRecoveryCodesReplaced))
		_, err = here.signIn(now)
		require.NoError(t, err)
		_, err = owner.signIn(now)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = o.Self.PendingRecoveryCodes(t.Context(), who, now)
		require.ErrorIs(t, err, account.ErrSheetGone, "shown once")

		for _, code := range old[1:3] {
			require.ErrorIs(t, p.recoveryCode(p.half(now), code, now), account.ErrCode, "void at once")
		}
		require.NoError(t, p.recoveryCode(p.half(now), sheet.Codes[0], now))
		profile, err := o.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Equal(t, 9, profile.RecoveryCodesLeft)
	})
}

// A person who was shown codes that are not in force learns it.
func TestKeepingAnotherSheetThanTheOneShown(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, old := o.enrolled()
		here := o.signedIn(phone, start)
		who := here.fresh(start)
		first, err := o.Self.NewRecoveryCodes(t.Context(), who, start)
		require.NoError(t, err)
		late := start.Add(10 * time.Minute)
		require.ErrorIs(t, o.Self.KeepRecoveryCodes(t.Context(), who, first.ID, here.visitor, late), account.ErrSheetGone)

		here = o.signedIn(phone, late)
		who = here.fresh(late)
		second, err := o.Self.NewRecoveryCodes(t.Context(), who, late)
		require.NoError(t, err)
		require.NotEqual(t, first.Codes, second.Codes)
		for _, id := range []string{first.ID, "", "none"} {
			require.ErrorIs(t, o.Self.KeepRecoveryCodes(t.Context(), who, id, here.visitor, late), account.ErrSheetGone)
		}
		signIn, err := here.signIn(late)
		require.NoError(t, err)
		elsewhere := o.changer(signIn, "another browser", late)
		require.ErrorIs(t, o.Self.KeepRecoveryCodes(t.Context(), elsewhere, second.ID, here.visitor, late), account.ErrSheetGone)
		third, err := o.Self.NewRecoveryCodes(t.Context(), elsewhere, late)
		require.NoError(t, err)
		require.NotEqual(t, second.Codes, third.Codes, "codes that were shown elsewhere are not shown here")
		require.ErrorIs(t, o.Self.KeepRecoveryCodes(t.Context(), who, second.ID, here.visitor, late), account.ErrSheetGone)

		p := o.person()
		require.ErrorIs(t, p.recoveryCode(p.half(late), second.Codes[0], late), account.ErrCode)
		require.NoError(t, p.recoveryCode(p.half(late), old[0], late))
	})
}

// The pending codes stay the same after another sign-in, because the page may be open for longer than a sign-in is fresh.
func TestSheetIsKeptAfterSigningInAgain(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		here := o.signedIn(phone, start)
		shown := start.Add(9 * time.Minute)
		sheet, err := o.Self.NewRecoveryCodes(t.Context(), here.fresh(shown), shown)
		require.NoError(t, err)
		added, confirm := here.shown(here.fresh(shown), "", shown)
		now := start.Add(12 * time.Minute)
		require.NoError(t, here.code(here.half(now), phone.at(now), now))
		again, err := o.Self.PendingRecoveryCodes(t.Context(), here.fresh(now), now)
		require.NoError(t, err)
		require.Equal(t, sheet, again)
		require.NoError(t, o.Self.KeepRecoveryCodes(t.Context(), here.fresh(now), sheet.ID, here.visitor, now))
		confirm.Code = added.at(now)
		_, err = o.Self.ConfirmAuthenticator(t.Context(), here.fresh(now), confirm, here.visitor, now)
		require.NoError(t, err)
	})
}

// A sign-in with a recovery code, or a reset by an operator, discards pending codes.
func TestPendingChangesEndWithTheFactors(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		here := o.signedIn(phone, start)
		who := here.fresh(start)
		sheet, err := o.Self.NewRecoveryCodes(t.Context(), who, start)
		require.NoError(t, err)
		_, confirm := here.shown(who, "", start)
		_, _, err = o.Operate.ResetFactor(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.ErrorIs(t, o.Self.KeepRecoveryCodes(t.Context(), who, sheet.ID, here.visitor, start), account.ErrSheetGone)
		_, err = o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, start)
		require.ErrorIs(t, err, account.ErrEnrolmentLost)
		profile, err := o.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Empty(t, profile.Authenticators)
		require.Zero(t, profile.RecoveryCodesLeft)
	})
}
