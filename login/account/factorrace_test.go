package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage/audit"
)

func TestRaceOnAddingOneAuthenticator(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		here := a.signedIn(phone, start)
		who := here.fresh(start)
		for _, replaces := range []string{"", a.present()[0].ID} {
			before := len(a.present())
			_, confirm := here.shown(who, replaces, start)
			answers := race(t, func(i int) error {
				_, err := []*office{a, b}[i%2].Self.ConfirmAuthenticator(context.Background(), who, confirm, here.visitor, start)
				return err
			})
			require.Equal(t, map[string]int{"done": racers}, answers, "the later requests find the authenticator added")
			if replaces == "" {
				require.Len(t, a.present(), before+1)
			} else {
				require.Len(t, a.present(), before)
			}
		}
		require.Equal(t, 1, a.events(audit.AuthenticatorAdded))
		require.Equal(t, 1, a.events(audit.AuthenticatorReplaced))
		require.Equal(t, 1, a.notices.count(account.NoticeAuthenticatorReplaced)+b.notices.count(account.NoticeAuthenticatorReplaced))
	})
}

func TestRaceOnShowingOneKey(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		here := a.signedIn(phone, start)
		who := here.fresh(start)
		keys, sheets := make(chan string, racers), make(chan string, racers)
		answers := race(t, func(i int) error {
			o := []*office{a, b}[i%2]
			shown, err := o.Self.NewAuthenticator(context.Background(), who, "", here.visitor, start)
			keys <- string(shown.Key.Secret)
			sheet, failed := o.Self.NewRecoveryCodes(context.Background(), who, start)
			sheets <- sheet.ID
			return errors.Join(err, failed)
		})
		require.Equal(t, map[string]int{"done": racers}, answers)
		for _, shown := range []chan string{keys, sheets} {
			first := <-shown
			for range racers - 1 {
				require.Equal(t, first, <-shown)
			}
		}
		require.Equal(t, 2, a.events(audit.EnrolmentStarted))
	})
}

func TestRaceOnTheLastTwoAuthenticators(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		here := a.signedIn(phone, start)
		here.adds("", "Tablet", start)
		who, both := here.fresh(start), []string{a.present()[0].ID, a.present()[1].ID}
		answers := race(t, func(i int) error {
			return []*office{a, b}[i%2].Self.RemoveAuthenticator(context.Background(), who, both[i/2%2], here.visitor, start)
		})
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers, answers["done"]+answers[account.ErrLastAuthenticator.Error()]+answers["not found"], "%v", answers)
		require.Len(t, a.present(), 1)
		require.Equal(t, 1, a.events(audit.AuthenticatorRemoved))
	})
}

// Two sign-ins remove two different authenticators: one of them ends the other's session.
func TestRaceOfTwoSessionsOnTheLastTwoAuthenticators(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		here := a.signedIn(phone, start)
		second := here.adds("", "Tablet", start)
		later := start.Add(30 * time.Second)
		people := []*person{a.signedIn(phone, later), b.signedIn(second, later)}
		who := []self.Changer{people[0].fresh(later), people[1].fresh(later)}
		both := []string{a.present()[0].ID, a.present()[1].ID}
		answers := race(t, func(i int) error {
			return []*office{a, b}[i%2].Self.RemoveAuthenticator(context.Background(), who[i%2], both[i%2], people[i%2].visitor, later)
		})
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers, answers["done"]+answers["start again"]+answers["not found"]+answers[account.ErrLastAuthenticator.Error()], "%v", answers)
		require.Len(t, a.present(), 1)
	})
}

func TestRaceOnNewRecoveryCodes(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		here := a.signedIn(phone, start)
		who := here.fresh(start)
		sheet, err := a.Self.NewRecoveryCodes(t.Context(), who, start)
		require.NoError(t, err)
		answers := race(t, func(i int) error {
			return []*office{a, b}[i%2].Self.KeepRecoveryCodes(context.Background(), who, sheet.ID, here.visitor, start)
		})
		require.Equal(t, map[string]int{"done": racers}, answers)
		require.Equal(t, 1, a.events(audit.RecoveryCodesReplaced))
		profile, err := a.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Equal(t, 10, profile.RecoveryCodesLeft)
	})
}

// A recovery code is used while a new set of codes is put into force. Either the code is accepted, its session exists and the set is
// refused; or the set is in force and the code is refused. Never both.
func TestRaceOfARecoveryCodeAgainstNewOnes(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, codes := a.enrolled()
		here := a.signedIn(phone, start)
		who := here.fresh(start)
		sheet, err := a.Self.NewRecoveryCodes(t.Context(), who, start)
		require.NoError(t, err)
		people, halves := make([]*person, racers), make([]account.HalfCookie, racers)
		for i := range racers {
			people[i] = []*office{a, b}[i%2].person()
			halves[i] = people[i].half(start)
		}
		used := make([]error, racers)
		answers := race(t, func(i int) error {
			if i%10 == 0 {
				return []*office{a, b}[i/10%2].Self.KeepRecoveryCodes(context.Background(), who, sheet.ID, here.visitor, start)
			}
			used[i] = people[i].recoveryCode(halves[i], codes[i%10], start)
			return used[i]
		})
		known := answers["done"] + answers["wrong code"] + answers["wait"] + answers["start again"]
		require.Equal(t, racers, known, "unexpected error: %v", answers)
		profile, err := a.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		spent := a.events(audit.RecoveryCodeUsed)
		if a.events(audit.RecoveryCodesReplaced) == 1 {
			require.Zero(t, spent)
			require.Equal(t, 10, profile.RecoveryCodesLeft)
		} else {
			require.NotZero(t, spent)
			require.Equal(t, 10-spent, profile.RecoveryCodesLeft)
		}
	})
}

// No authenticator remains that is added while an operator resets the factors.
func TestRaceOfResettingAndAdding(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		here := a.signedIn(phone, start)
		who := here.fresh(start)
		_, confirm := here.shown(who, "", start)
		answers := race(t, func(i int) error {
			if i == racers/2 {
				_, _, err := a.Operate.ResetFactor(context.Background(), ada, audit.Operator(), start)
				return err
			}
			_, err := []*office{a, b}[i%2].Self.ConfirmAuthenticator(context.Background(), who, confirm, here.visitor, start)
			return err
		})
		require.Equal(t, racers, answers["done"]+answers["start again"], "%v", answers)
		require.Empty(t, a.present())
		_, err := here.signIn(start)
		require.Error(t, err)
	})
}
