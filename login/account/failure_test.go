package account_test

import (
	"database/sql/driver"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Wherever the process dies, nobody is left with an authenticator but without recovery codes, and the person can continue.
func TestAcknowledgingIsAllOrNothing(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		o := openOffice(t, db, faults.Intercept)
		_, ticket := o.add(ada, start)
		p := o.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		who := p.enroller(half, start)
		phone, _ := p.confirmed(who, start)
		failed := 0
		for n := 3; ; n++ { // after the read and the BEGIN, which are retried
			faults.Fail(n, false, driver.ErrBadConn) // the connection is lost
			done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, "", p.visitor, start)
			if err == nil {
				require.True(t, faults.Pending())
				faults.Fail(0, false, nil)
				p.keep(done, nil)
				break
			}
			faults.Fail(0, false, nil)
			failed++
			profile, err := o.Operate.Show(t.Context(), ada)
			require.NoError(t, err)
			require.Empty(t, profile.Authenticators, "statement %d", n)
			require.Zero(t, profile.RecoveryCodesLeft, "statement %d", n)
		}
		require.Greater(t, failed, 15)
		_, err = p.signIn(start)
		require.NoError(t, err)
		require.NoError(t, p.code(p.half(start.Add(time.Minute)), phone.at(start.Add(time.Minute)), start.Add(time.Minute)))
	})
}

// If the connection is lost anywhere in a change of factors, nothing has changed, and the same form can be sent again.
func TestChangingFactorsIsAllOrNothing(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		o := openOffice(t, db, faults.Intercept)
		elsewhere, phone, _ := o.enrolled()
		require.NoError(t, elsewhere.code(elsewhere.half(start), phone.at(start), start))
		now := start.Add(time.Minute)
		here := o.signedIn(phone, now)
		who, lost := here.fresh(now), o.present()[0].ID
		sheet, err := o.Self.NewRecoveryCodes(t.Context(), who, now)
		require.NoError(t, err)
		added, confirm := here.shown(who, lost, now)
		told := len(o.notices.sent)
		unlessLost := func(change func() error) {
			t.Helper()
			failed := 0
			for n := 3; ; n++ {
				faults.Fail(n, false, driver.ErrBadConn)
				err := change()
				pending := faults.Pending()
				faults.Fail(0, false, nil)
				if err == nil {
					require.True(t, pending)
					break
				}
				failed++
				require.ErrorIs(t, err, storage.ErrUnavailable)
				require.Equal(t, lost, o.present()[0].ID, "statement %d", n)
				_, err = elsewhere.signIn(now)
				require.NoError(t, err, "statement %d", n)
			}
			require.Greater(t, failed, 6)
		}
		unlessLost(func() error { return o.Self.KeepRecoveryCodes(t.Context(), who, sheet.ID, here.visitor, now) })
		now = now.Add(time.Minute)
		require.NoError(t, elsewhere.code(elsewhere.half(now), phone.at(now), now))
		confirm.Code = added.at(now)
		unlessLost(func() error {
			_, err := o.Self.ConfirmAuthenticator(t.Context(), who, confirm, here.visitor, now)
			return err
		})
		require.Len(t, o.present(), 1)
		require.NotEqual(t, lost, o.present()[0].ID)
		require.Greater(t, len(o.notices.sent), told)
		_, err = here.signIn(now)
		require.NoError(t, err)
	})
}

// An operation that cannot be recorded is not done.
func TestNothingHappensUnrecorded(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		o := openOffice(t, db)
		_, phone, codes := o.enrolled()
		p := o.person()
		half := p.half(start)
		fill, empty := `CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END`, `DROP TRIGGER full`
		if db.Postgres() {
			fill = `ALTER TABLE audit_events ADD CONSTRAINT full_up CHECK (false) NOT VALID`
			empty = `ALTER TABLE audit_events DROP CONSTRAINT full_up`
		}
		_, err := db.SQL(t).Exec(fill)
		require.NoError(t, err)
		require.Error(t, p.code(half, phone.at(start), start))
		require.Error(t, p.recoveryCode(half, codes[0], start))
		_, err = p.password(start)
		require.Error(t, err)
		require.NotErrorIs(t, err, account.ErrCredentials)
		_, err = p.passwordOf(ada, "wrong", start)
		require.NotErrorIs(t, err, account.ErrCredentials)
		_, err = o.Operate.Disable(t.Context(), ada, audit.Operator(), start)
		require.Error(t, err)

		_, err = db.SQL(t).Exec(empty)
		require.NoError(t, err)
		require.NoError(t, p.code(p.half(start), phone.at(start), start))
	})
}

// An outage of the database is never reported as a wrong password or code.
func TestOutageIsNotARefusal(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		o := openOffice(t, db, faults.Intercept)
		_, phone, codes := o.enrolled()
		p := o.person()
		half := p.half(start)
		steps := map[string]func() error{
			"password":      func() error { _, err := p.password(start); return err },
			"code":          func() error { return p.code(half, phone.at(start), start) },
			"wrong code":    func() error { return p.code(half, "x", start) },
			"recovery code": func() error { return p.recoveryCode(half, codes[0], start) },
		}
		for name, step := range steps {
			for n := 1; n <= 3; n++ {
				faults.Fail(n, false, io.ErrUnexpectedEOF)
				require.ErrorIs(t, step(), storage.ErrUnavailable, "%s, statement %d", name, n)
			}
		}
		require.NoError(t, p.code(half, phone.at(start), start), "and nothing was counted as a wrong code")
	})
}

// Attempts that an outage ends do not count: however many there were, the next right one succeeds.
func TestOutagesUseUpNoBudget(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		o := openOffice(t, db, faults.Intercept)
		_, _, codes := o.enrolled()
		p := o.person()
		recovering := p.half(start)
		for name, try := range map[string]func() error{
			"password":       func() error { _, err := p.password(start); return err },
			"recovery code":  func() error { return p.recoveryCode(recovering, codes[0], start) },
			"new password":   func() error { return o.Arrive.AskReset(t.Context(), ada, p.visitor, start) },
			"unknown person": func() error { return o.Arrive.AskReset(t.Context(), "nobody@example.test", p.visitor, start) },
		} {
			statements := 0
			for n := 1; ; n++ {
				for range 40 {
					faults.Fail(n, false, io.ErrUnexpectedEOF)
					if err := try(); faults.Pending() {
						require.NoError(t, err, name)
						break
					} else {
						require.ErrorIs(t, err, storage.ErrUnavailable, "%s, statement %d", name, n)
					}
				}
				if faults.Pending() {
					faults.Fail(0, false, nil)
					break
				}
				statements++
			}
			require.GreaterOrEqual(t, statements, 2, name)
		}
		require.Zero(t, o.events(audit.PasswordThrottled)+o.events(audit.CodeThrottled)+o.events(audit.MailThrottled))
	})
}

// If an outage leaves unknown whether an attempt was counted, that gives no free guesses, and the owner waits for half a minute at most.
func TestUnknownOutcomesAreForgottenSoon(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		o := openOffice(t, db, faults.Intercept)
		o.enrolled()
		p := o.person()
		for range 10 {
			faults.Fail(3, false, io.ErrUnexpectedEOF) // the statement that counts it
			_, err := p.passwordOf(ada, "wrong", start)
			require.ErrorIs(t, err, storage.ErrUnavailable)
		}
		_, err := p.password(start)
		waitsFor(t, err, start, 30*time.Second)
		_, err = p.password(start.Add(30 * time.Second))
		require.NoError(t, err)
	})
}
