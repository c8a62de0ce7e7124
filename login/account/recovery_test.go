package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestRecoveryCode(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, codes := o.enrolled()
		_, err := owner.signIn(start)
		require.NoError(t, err)
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
		signIn, err := p.signIn(start)
		require.NoError(t, err)
		require.Equal(t, []string{"pwd", "mfa"}, signIn.Methods())
		require.True(t, signIn.Recovered())
		require.Equal(t, 1, o.notices.count(account.NoticeRecoveryCodeUsed))
		require.Equal(t, 1, o.events(audit.RecoveryCodeUsed))
		_, err = owner.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "the session on the lost phone has ended")

		require.ErrorIs(t, p.recoveryCode(p.half(start), codes[0], start), account.ErrCode, "a code works only once")
		sloppy := strings.ToUpper(strings.ReplaceAll(codes[1], "-", " "))
		require.NoError(t, p.recoveryCode(p.half(start), sloppy, start))
	})
}

func TestRecoveryCodeOfAnotherUser(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, _, codes := o.enrolled()
		_, ticket := o.add("eve@example.test", start)
		eve := o.person()
		half, err := eve.invited(ticket, start)
		require.NoError(t, err)
		who := eve.enroller(half, start)
		eve.confirmed(who, start)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", eve.visitor, start)
		require.NoError(t, err)
		half, err = eve.passwordOf("eve@example.test", adaPassword, start)
		require.NoError(t, err)
		require.ErrorIs(t, eve.recoveryCode(half, codes[0], start), account.ErrCode)
	})
}

func TestWrongRecoveryCodesWaitAndClose(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, codes := o.enrolled()
		p, now := o.person(), start
		half := p.half(now)
		for range 4 {
			require.ErrorIs(t, p.recoveryCode(half, "00000-00000", now), account.ErrCode)
		}
		require.ErrorIs(t, p.recoveryCode(half, "no code", now), account.ErrCode)
		waitsFor(t, p.recoveryCode(half, codes[0], now), now, time.Minute)
		require.Equal(t, 5, o.events(audit.RecoveryCodeRefused))
		require.Equal(t, 1, o.notices.count(account.NoticeExposed))

		for range 95 {
			now = now.Add(time.Hour)
			require.ErrorIs(t, p.recoveryCode(p.half(now), "00000-00000", now), account.ErrCode)
		}
		now = now.Add(time.Hour)
		isClosed(t, p.recoveryCode(p.half(now), codes[0], now))
		require.NoError(t, p.code(p.half(now), phone.at(now), now), "the authenticator still works")
	})
}

func TestReplacingALostAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, lost, codes := o.enrolled()
		p, elsewhere := o.person(), o.person()
		require.NoError(t, elsewhere.recoveryCode(elsewhere.half(start), codes[1], start))
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
		recovered, err := p.signIn(start)
		require.NoError(t, err)
		who, err := o.Enrol.RecoveredEnroller(recovered, start)
		require.NoError(t, err)
		require.True(t, who.Replaces())
		fresh, newCodes := p.confirmed(who, start)

		half := elsewhere.half(start)
		require.NoError(t, elsewhere.code(half, lost.at(start), start), "nothing changes before the new codes are acknowledged")
		done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, p.session, p.visitor, start)
		require.NoError(t, err)
		earlier := p.session
		p.keep(done, nil)

		signIn, err := p.signIn(start)
		require.NoError(t, err)
		require.False(t, signIn.Recovered())
		require.Equal(t, []string{"pwd", "otp", "mfa"}, signIn.Methods())
		for _, ended := range []string{earlier, elsewhere.session} {
			_, err := (&person{o: o, session: ended}).signIn(start)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		require.Equal(t, 1, o.notices.count(account.NoticeAuthenticatorReplaced))

		now := start.Add(time.Minute)
		half = p.half(now)
		require.ErrorIs(t, p.code(half, lost.at(now), now), account.ErrCode)
		require.ErrorIs(t, p.recoveryCode(half, codes[2], now), account.ErrCode)
		require.NoError(t, p.code(half, fresh.at(now), now))
		require.NoError(t, p.recoveryCode(p.half(now), newCodes[0], now))
	})
}

func TestPermissionToReplaceAnAuthenticator(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	owner, _, codes := o.enrolled()
	ordinary, err := owner.signIn(enrolledAt)
	require.NoError(t, err)
	_, err = o.Enrol.RecoveredEnroller(ordinary, enrolledAt)
	require.ErrorIs(t, err, account.ErrStartAgain, "not somebody who signed in with a one-time code")

	p := o.person()
	require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
	recovered, err := p.signIn(start)
	require.NoError(t, err)
	_, err = o.Enrol.RecoveredEnroller(recovered, start.Add(10*time.Minute-time.Second))
	require.NoError(t, err)
	_, err = o.Enrol.RecoveredEnroller(recovered, start.Add(10*time.Minute))
	require.ErrorIs(t, err, account.ErrStartAgain, "not later")
}

func TestEndedSessionDoesNotReplaceAnAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, _, codes := o.enrolled()
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
		recovered, err := p.signIn(start)
		require.NoError(t, err)
		who, err := o.Enrol.RecoveredEnroller(recovered, start)
		require.NoError(t, err)
		p.confirmed(who, start)
		_, _, err = o.Operate.SignOut(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, p.session, p.visitor, start)
		require.ErrorIs(t, err, account.ErrStartAgain)
		profile, err := o.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Len(t, profile.Authenticators, 1)
		require.Equal(t, 9, profile.RecoveryCodesLeft)
	})
}

// onlyCode leaves Ada a single recovery code and returns it.
func (o *office) onlyCode(code string) {
	o.t.Helper()
	user, err := o.store.Users.Find(o.t.Context(), ada)
	require.NoError(o.t, err)
	normal, err := otp.NormalizeRecovery(code)
	require.NoError(o.t, err)
	require.NoError(o.t, o.store.RecoveryCodes.Replace(o.t.Context(), user.ID, []string{normal}))
}

func TestLastRecoveryCodeOpensTheEnrolmentAlone(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, _, codes := o.enrolled()
		o.onlyCode(codes[0])
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
		_, err := p.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)

		late := start.Add(59 * time.Minute)
		enrolling, err := o.store.Sessions.EnrollingSignIn(t.Context(), storage.Hash(p.session), late)
		require.NoError(t, err)
		who := enrol.MustEnroller(enrolling)
		require.True(t, who.Must())
		require.True(t, who.Replaces())
		fresh, _ := p.confirmed(who, late)
		_, err = p.signIn(late)
		require.ErrorIs(t, err, storage.ErrNotFound)
		done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, p.session, p.visitor, late)
		require.NoError(t, err)
		p.keep(done, nil)
		signIn, err := p.signIn(late)
		require.NoError(t, err)
		require.Equal(t, []string{"pwd", "otp", "mfa"}, signIn.Methods())

		now := late.Add(time.Minute)
		require.NoError(t, p.code(p.half(now), fresh.at(now), now))
		_, err = o.store.Sessions.EnrollingSignIn(t.Context(), storage.Hash(p.session), start.Add(time.Hour))
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestLastRecoveryCodeOfExposedAccount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, _, codes := o.enrolled()
		o.onlyCode(codes[0])
		user, err := o.store.Users.Find(t.Context(), ada)
		require.NoError(t, err)
		require.NoError(t, o.store.Passwords.MarkExposed(t.Context(), user.ID, user.Epoch, start.Add(-time.Minute)))
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
		require.NoError(t, p.chooseNew(p.held(start), "another sentence of words", start))
		_, err = p.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "the new password alone is not enough")
		_, err = o.store.Sessions.EnrollingSignIn(t.Context(), storage.Hash(p.session), start)
		require.NoError(t, err)
	})
}

func TestRecoveryCodeEndsWhatWasGrantedInTheSessions(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, codes := o.enrolled()
		signIn, err := owner.signIn(start)
		require.NoError(t, err)
		client := storagetest.Client(t, o.store)
		grant := storagetest.Grant(t, o.store, signIn.User(), client)
		inSession, beyond := grant, grant
		inSession.ID, inSession.SID, inSession.CodeHash = storage.NewID(), signIn.ID(), storage.Hash("one")
		beyond.ID, beyond.SID, beyond.CodeHash, beyond.Scopes = storage.NewID(), signIn.ID(), storage.Hash("two"), storage.Strings{"offline_access"}
		require.NoError(t, o.store.Grants.Issue(t.Context(), inSession, ""))
		require.NoError(t, o.store.Grants.Issue(t.Context(), beyond, ""))
		p := o.person()
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
		grants, err := o.store.Grants.OfUser(t.Context(), signIn.User().ID, 10)
		require.NoError(t, err)
		revoked := map[string]bool{}
		for _, g := range grants {
			revoked[g.ID] = !g.RevokedAt.IsZero()
		}
		require.Equal(t, map[string]bool{grant.ID: false, inSession.ID: true, beyond.ID: false}, revoked)
	})
}
