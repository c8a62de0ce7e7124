package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// slowly runs body with two offices that pause after every read, so that others write in between.
func slowly(t *testing.T, body func(t *testing.T, a, b *office)) {
	t.Helper()
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		delay := storagetest.Delay(2 * time.Millisecond)
		body(t, openOffice(t, db, delay), openOffice(t, db, delay))
	})
}

// Once somebody has enrolled with an invitation, it cannot set another password.
func TestRaceOfEnrollingAndItsInvitation(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		// Enrolling is slower, so that others read the invitation meanwhile.
		a, b, slow := openOffice(t, db, storagetest.Delay(time.Millisecond)), openOffice(t, db), openOffice(t, db, storagetest.Delay(10*time.Millisecond))
		_, ticket := a.add(ada, start)
		p := a.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		who := p.enroller(half, start)
		p.confirmed(who, start)
		enrolled := false
		answers := race(t, func(i int) error {
			if i == racers/2 {
				_, err := slow.Enrol.AcknowledgeCodes(context.Background(), who, "", p.visitor, start)
				enrolled = err == nil
				return errors.Join(err, errors.New("enrolling"))
			}
			_, err := []*office{a, b}[i%2].Arrive.SetInvitedPassword(context.Background(), arrive.InvitedPassword{
				Secret: ticket, Password: newPassword, Browser: storage.NewID(), Visitor: p.visitor,
			}, start)
			return err
		})
		if enrolled {
			require.Zero(t, answers["done"], "%v", answers)
		}
		_, err = p.password(start)
		require.Equal(t, enrolled, err == nil, "%v", answers)
	})
}

// While an account is being disabled, no password is set and no sign-in begins.
func TestRaceOfDisablingAndAnInvitation(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		_, ticket := a.add(ada, start)
		halves := make([]account.HalfCookie, racers)
		race(t, func(i int) (err error) {
			if i == racers/2 {
				_, err = a.Operate.Disable(context.Background(), ada, audit.Operator(), start)
				return err
			}
			halves[i], err = []*office{a, b}[i%2].Arrive.SetInvitedPassword(context.Background(), arrive.InvitedPassword{
				Secret: ticket, Password: newPassword, Browser: "browser", Visitor: a.person().visitor,
			}, start)
			return err
		})
		_, err := a.Operate.Enable(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		for _, half := range halves {
			_, err := a.Enrol.InvitedEnroller(t.Context(), half, start)
			require.ErrorIs(t, err, account.ErrStartAgain)
		}
	})
}

// Somebody who has just enrolled is not invited, and somebody who was invited again cannot enrol with the earlier invitation.
func TestRaceOfEnrollingAndInviting(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		user, ticket := a.add(ada, start)
		p := a.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		who := p.enroller(half, start)
		p.confirmed(who, start)
		enrolled := false
		answers := race(t, func(i int) error {
			if i == racers/2 {
				_, err := a.Enrol.AcknowledgeCodes(context.Background(), who, "", p.visitor, start)
				enrolled = err == nil
				return errors.Join(err, errors.New("enrolling"))
			}
			_, _, err := []*office{a, b}[i%2].Operate.Invite(context.Background(), ada, audit.Operator(), start)
			return err
		})
		left, err := a.store.Links.OfUser(t.Context(), user.ID, storage.LinkEnrol)
		require.NoError(t, err)
		if enrolled {
			require.Equal(t, racers-1, answers[account.ErrEnrolled.Error()], "%v", answers)
			require.False(t, left.UsedAt.IsZero())
		} else {
			require.Equal(t, racers-1, answers["done"], "%v", answers)
			require.True(t, left.UsedAt.IsZero())
		}
	})
}

// The invitation after a reset is mailed to the account's e-mail address at that moment, not to the address that was read before.
func TestRaceOfResettingAndANewAddress(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		owner, _, _ := a.enrolled()
		user := owner.complete(start).User()
		require.NoError(t, a.store.Users.BeginEmailChange(t.Context(), user, start.Add(time.Hour)))
		changed := false
		race(t, func(i int) error {
			if i == racers/2 {
				// The account must be unchanged: an error means that another attempt has reset it.
				err := a.store.InTx(context.Background(), func(ctx context.Context) error {
					if err := a.store.Users.Lock(ctx, user); err != nil {
						return err
					}
					return a.store.Users.ChangeEmail(ctx, user.ID, newAda, start)
				})
				changed = err == nil
				return err
			}
			_, _, err := []*office{a, b}[i%2].Operate.ResetFactor(context.Background(), user.ID, audit.Operator(), start)
			return err
		})
		told := len(a.notices.to(ada, account.NoticeFactorReset)) + len(b.notices.to(ada, account.NoticeFactorReset))
		if changed {
			require.Zero(t, told)
		} else {
			require.Equal(t, racers-1, told)
		}
	})
}

// Of fifty simultaneous imports of one file, one is written.
func TestRaceOfImports(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		answers := race(t, func(i int) error {
			_, err := imports([]*office{a, b}[i%2], `{"email":"`+ada+`"}`, `{"email":"bob@example.test","username":"bob"}`)
			if errors.Is(err, storage.ErrConflict) || errors.Is(err, port.ErrImport) {
				return account.ErrTaken
			}
			return err
		})
		require.Equal(t, map[string]int{"done": 1, account.ErrTaken.Error(): racers - 1}, answers)
		require.Equal(t, 2, a.events(audit.UserImported))
	})
}

// A new e-mail address is either confirmed or given up.
func TestRaceOnANewAddress(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		owner, _, _ := a.enrolled()
		signIn := owner.complete(start)
		require.NoError(t, owner.askEmail(newAda, start))
		secret := secretOf(t, a.mailed(newAda, account.NoticeEmailConfirm))
		race(t, func(i int) error {
			if i%2 == 0 {
				return a.Self.CancelEmailChange(context.Background(), signIn, owner.visitor, start)
			}
			_, err := b.Self.ConfirmEmailChange(context.Background(), secret, "", owner.visitor, start)
			return err
		})
		require.Equal(t, 1, a.events(audit.EmailChanged)+a.events(audit.EmailChangeCancelled))
	})
}

// Once everything granted to a person has ended, a session that was read before cannot ask for a new e-mail address.
func TestAskingForANewAddressAfterTheEnd(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		owner, _, _ := a.enrolled()
		fresh := owner.stillFresh(start)
		_, _, err := b.Operate.SignOut(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.ErrorIs(t, a.Self.AskEmailChange(t.Context(), fresh, newAda, owner.visitor, start), account.ErrStartAgain)
		require.Zero(t, a.events(audit.EmailChangeAsked))
	})
}

// If two browsers end each other's sessions at once, one session is left.
func TestRaceOnEndingTheOthers(t *testing.T) {
	slowly(t, func(t *testing.T, a, b *office) {
		owner, phone, _ := a.enrolled()
		other := a.elsewhere(phone, start)
		here, there := owner.complete(start), other.complete(start)
		answers := race(t, func(i int) error {
			_, err := []*office{a, b}[i%2].Self.EndOtherSessions(context.Background(), []storage.SignIn{here, there}[i/2%2], owner.visitor, start)
			return err
		})
		require.Equal(t, racers, answers["done"]+answers["start again"], "%v", answers)
		_, sessions, err := a.Operate.Sessions(t.Context(), ada, start)
		require.NoError(t, err)
		require.Len(t, sessions, 1)
		require.Equal(t, answers["done"], a.events(audit.SessionsEnded))
	})
}
