package account_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// waitsFor asserts that err refuses an attempt for the given time.
func waitsFor(t *testing.T, err error, now time.Time, wait time.Duration) {
	t.Helper()
	var refused *account.WaitError
	require.ErrorAs(t, err, &refused)
	require.False(t, refused.Closed())
	require.Equal(t, now.Add(wait).UTC(), refused.Until.UTC())
}

func isClosed(t *testing.T, err error) {
	t.Helper()
	var refused *account.WaitError
	require.ErrorAs(t, err, &refused)
	require.True(t, refused.Closed())
}

func TestWrongCodesWait(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, codes := o.enrolled()
		stranger := o.person()
		half := stranger.half(start)
		for range 5 {
			require.ErrorIs(t, stranger.code(half, phone.wrongAt(start), start), account.ErrCode)
		}
		require.Equal(t, 1, o.notices.count(account.NoticeExposed), "the owner is told once")

		waitsFor(t, stranger.code(half, phone.wrongAt(start), start), start, time.Minute)
		waitsFor(t, stranger.code(half, phone.at(start), start), start, time.Minute)
		waitsFor(t, stranger.code(half, phone.at(start), start.Add(59*time.Second)), start, time.Minute)
		require.Equal(t, 1, o.events(audit.CodeThrottled), "one entry a minute")
		require.Equal(t, 5, o.events(audit.CodeRefused))

		again := stranger.half(start.Add(30 * time.Second))
		waitsFor(t, stranger.code(again, phone.at(start), start.Add(30*time.Second)), start, time.Minute)

		now := start.Add(time.Minute)
		for _, wait := range []time.Duration{2, 4, 8, 16, 32, 60, 60} {
			half := stranger.half(now)
			require.ErrorIs(t, stranger.code(half, phone.wrongAt(now), now), account.ErrCode)
			waitsFor(t, stranger.code(half, phone.at(now), now), now, wait*time.Minute)
			now = now.Add(wait * time.Minute)
		}
		require.NoError(t, stranger.recoveryCode(stranger.half(now.Add(-time.Second)), codes[0], now.Add(-time.Second)),
			"recovery codes have their own count, so that there is always a way in")
		require.NoError(t, stranger.code(stranger.half(now), phone.at(now), now))
	})
}

func TestOwnerIsNotLockedOut(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		stranger := o.person()
		half := stranger.half(start)
		for range 5 {
			require.ErrorIs(t, stranger.code(half, phone.wrongAt(start), start), account.ErrCode)
		}
		for range 10 {
			_, err := stranger.passwordOf(ada, "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		_, err := stranger.password(start)
		waitsFor(t, err, start, time.Minute)

		require.NoError(t, owner.code(owner.half(start), phone.at(start), start))
	})
}

func TestTrustedBrowserCookie(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, o *office, owner *person)
		after  time.Duration
		known  bool
	}{
		"89 days": {after: 89 * 24 * time.Hour, known: true},
		"90 days": {after: 91 * 24 * time.Hour},
		"altered": {change: func(_ *testing.T, _ *office, owner *person) { owner.visitor.TrustCookie += "A" }},
		"garbage": {change: func(_ *testing.T, _ *office, owner *person) { owner.visitor.TrustCookie = "garbage" }},
		"signed out everywhere": {change: func(t *testing.T, o *office, _ *person) {
			_, _, err := o.Operate.SignOut(t.Context(), ada, audit.Operator(), start)
			require.NoError(t, err)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, storagetest.SQLite(t))
			owner, phone, _ := o.enrolled()
			if test.change != nil {
				test.change(t, o, owner)
			}
			now, stranger := start.Add(test.after), o.person()
			half := stranger.half(now)
			for range 5 {
				require.ErrorIs(t, stranger.code(half, phone.wrongAt(now), now), account.ErrCode)
			}
			err := owner.code(owner.half(now), phone.at(now), now)
			if test.known {
				require.NoError(t, err)
			} else {
				waitsFor(t, err, now, time.Minute)
			}
		})
	}
}

func TestTrustedBrowserOfAnotherUserIsUnknown(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	_, phone, _ := o.enrolled()
	_, ticket := o.add("eve@example.test", start)
	eve := o.person()
	half, err := eve.invited(ticket, start)
	require.NoError(t, err)
	who := eve.enroller(half, start)
	eve.confirmed(who, start)
	done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, "", eve.visitor, start)
	require.NoError(t, err)
	eve.keep(done, nil)

	stranger := o.person()
	theirs := stranger.half(start)
	for range 5 {
		require.ErrorIs(t, stranger.code(theirs, phone.wrongAt(start), start), account.ErrCode)
	}
	waitsFor(t, eve.code(eve.half(start), phone.at(start), start), start, time.Minute)
}

// hundredWrong closes the factor in unknown browsers and returns when the last wait is over.
func hundredWrong(t *testing.T, o *office, phone phone) time.Time {
	t.Helper()
	stranger, now := o.person(), start
	half := stranger.half(now)
	for range 100 {
		err := stranger.code(half, phone.wrongAt(now), now)
		var wait *account.WaitError
		if errors.As(err, &wait) {
			now = wait.Until
			half = stranger.half(now)
			err = stranger.code(half, phone.wrongAt(now), now)
		}
		require.ErrorIs(t, err, account.ErrCode)
	}
	return now.Add(2 * time.Hour)
}

func TestHundredWrongCodesCloseTheFactor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, codes := o.enrolled()
		now := hundredWrong(t, o, phone)
		require.Equal(t, 1, o.notices.count(account.NoticeFactorClosed))
		require.Equal(t, 1, o.events(audit.FactorClosed))
		p := o.person()
		isClosed(t, p.code(p.half(now), phone.at(now), now))
		isClosed(t, p.code(p.half(now.AddDate(1, 0, 0)), phone.at(now.AddDate(1, 0, 0)), now.AddDate(1, 0, 0)))

		require.NoError(t, p.recoveryCode(p.half(now), codes[0], now))
		stranger := o.person()
		require.NoError(t, stranger.code(stranger.half(now), phone.at(now), now), "a recovery code has opened it")
	})
}

func TestRecoveryInAKnownBrowserOpensTheFactorForAll(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, codes := o.enrolled()
		now := hundredWrong(t, o, phone)
		require.NoError(t, owner.recoveryCode(owner.half(now), codes[0], now))
		p := o.person()
		require.NoError(t, p.code(p.half(now), phone.at(now), now))
	})
}

func TestUnlockOpensTheFactor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		now := hundredWrong(t, o, phone)
		_, err := o.Operate.Unlock(t.Context(), ada, audit.Operator(), now)
		require.NoError(t, err)
		p := o.person()
		require.NoError(t, p.code(p.half(now), phone.at(now), now))
	})
}

// The clocks of the server and of the phone were a year ahead for a while.
func TestUnlockClearsTheFuture(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		before, now, ahead := start.Add(time.Minute), start.Add(time.Hour/2), start.AddDate(1, 0, 0)
		early, late := o.person(), o.person()
		require.NoError(t, early.code(early.half(before), phone.at(before), before))
		require.NoError(t, late.code(late.half(ahead), phone.at(ahead), ahead))

		p := o.person()
		half := p.half(now)
		require.ErrorIs(t, p.code(half, phone.at(now), now), account.ErrCode)
		_, err := o.Operate.Unlock(t.Context(), ada, audit.Operator(), now)
		require.NoError(t, err)
		require.ErrorIs(t, p.code(half, phone.at(now), now), account.ErrCode, "it may have been used before the clock ran ahead")
		next := now.Add(30 * time.Second)
		require.NoError(t, p.code(half, phone.at(next), next))
		_, err = late.signIn(next)
		require.ErrorIs(t, err, storage.ErrNotFound, "a session from the future")
		_, err = early.signIn(next)
		require.NoError(t, err)

		// The current session and its grants are unchanged.
		_, err = o.Operate.Unlock(t.Context(), ada, audit.Operator(), next)
		require.NoError(t, err)
		require.ErrorIs(t, p.code(p.half(next), phone.at(next), next), account.ErrCode, "used")
		_, err = p.signIn(next)
		require.NoError(t, err)
	})
}

func TestWrongPasswordsWait(t *testing.T) {
	for name, typed := range map[string]string{"known": ada, "unknown": "nobody@example.test", "unknown, other spelling": "NOBODY@example.test"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				o.enrolled()
				p := o.person()
				for range 10 {
					_, err := p.passwordOf(typed, "wrong", start)
					require.ErrorIs(t, err, account.ErrCredentials)
				}
				_, err := p.passwordOf(typed, adaPassword, start)
				waitsFor(t, err, start, time.Minute)
				_, err = p.passwordOf(typed, adaPassword, start.Add(59*time.Second))
				waitsFor(t, err, start, time.Minute)
			})
		})
	}
}

func TestRightPasswordClearsOnlyItsOwnCount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		p := o.person()
		half := p.half(start)
		for range 4 {
			require.ErrorIs(t, p.code(half, phone.wrongAt(start), start), account.ErrCode)
		}
		for range 9 {
			_, err := p.passwordOf(ada, "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		half = p.half(start)
		for range 9 {
			_, err := p.passwordOf(ada, "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		require.ErrorIs(t, p.code(half, phone.wrongAt(start), start), account.ErrCode)
		waitsFor(t, p.code(half, phone.at(start), start), start, time.Minute)
	})
}
