package account_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const racers = 50

// race runs try many times at once on two replicas, and returns how often each result occurred.
func race(t *testing.T, try func(i int) error) map[string]int {
	t.Helper()
	var (
		group   sync.WaitGroup
		mu      sync.Mutex
		answers = map[string]int{}
		ready   = make(chan struct{})
	)
	for i := range racers {
		group.Go(func() {
			<-ready
			err := try(i)
			mu.Lock()
			defer mu.Unlock()
			answers[kindOf(err)]++
		})
	}
	close(ready)
	group.Wait()
	return answers
}

func kindOf(err error) string {
	var wait *account.WaitError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &wait):
		return "wait"
	case errors.Is(err, account.ErrCode):
		return "wrong code"
	case errors.Is(err, account.ErrCredentials):
		return "wrong password"
	case errors.Is(err, storage.ErrNotFound):
		return "not found"
	case errors.Is(err, account.ErrStartAgain), errors.Is(err, account.ErrEnrolmentLost):
		return "start again"
	}
	return err.Error()
}

// replicas runs body on each kind of database, with two offices that share it.
func replicas(t *testing.T, body func(t *testing.T, a, b *office)) {
	t.Helper()
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		body(t, openOffice(t, db), openOffice(t, db))
	})
}

func TestRaceOnOneCode(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		people, halves := make([]*person, racers), make([]account.HalfCookie, racers)
		for i := range racers {
			people[i] = []*office{a, b}[i%2].person()
			halves[i] = people[i].half(start)
		}
		answers := race(t, func(i int) error { return people[i].code(halves[i], phone.at(start), start) })
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers-1, answers["wrong code"]+answers["wait"], "%v", answers)
	})
}

// One code signs in once, even if two authenticators of a person have the same secret.
func TestRaceOnOneCodeOfSharedSecret(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		a.copyAuthenticator(8, 30)
		people, halves := make([]*person, racers), make([]account.HalfCookie, racers)
		for i := range racers {
			people[i] = []*office{a, b}[i%2].person()
			halves[i] = people[i].half(start)
		}
		answers := race(t, func(i int) error { return people[i].code(halves[i], phone.at(start), start) })
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers-1, answers["wrong code"]+answers["wait"], "%v", answers)
	})
}

func TestRaceOnOneHalfDoneSignIn(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		p := a.person()
		half := p.half(start)
		answers := race(t, func(i int) error {
			_, err := []*office{a, b}[i%2].SignIn.ConfirmCode(context.Background(), p.attempt(half, phone.at(start)), start)
			return err
		})
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers-1, answers["wrong code"]+answers["wait"]+answers["start again"], "%v", answers)
	})
}

func TestRaceOnOneRecoveryCode(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, _, codes := a.enrolled()
		people, halves := make([]*person, racers), make([]account.HalfCookie, racers)
		for i := range racers {
			people[i] = []*office{a, b}[i%2].person()
			halves[i] = people[i].half(start)
		}
		answers := race(t, func(i int) error { return people[i].recoveryCode(halves[i], codes[0], start) })
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers-1, answers["wrong code"]+answers["wait"], "%v", answers)
		profile, err := a.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Equal(t, 9, profile.RecoveryCodesLeft)
	})
}

func TestRaceOnOneEnrolment(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, ticket := a.add(ada, start)
		p := a.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		who := p.enroller(half, start)
		p.confirmed(who, start)
		answers := race(t, func(i int) error {
			_, err := []*office{a, b}[i%2].Enrol.AcknowledgeCodes(context.Background(), who, "", p.visitor, start)
			return err
		})
		require.Equal(t, 1, answers["done"], "%v", answers)
		require.Equal(t, racers-1, answers["start again"], "%v", answers)
		profile, err := a.Operate.Show(t.Context(), ada)
		require.NoError(t, err)
		require.Len(t, profile.Authenticators, 1)
		require.Equal(t, 10, profile.RecoveryCodesLeft)
	})
}

func TestRaceOnTheBudgetOfCodes(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		p := a.person()
		half, wrong := p.half(start), phone.wrongAt(start)
		answers := race(t, func(i int) error {
			_, err := []*office{a, b}[i%2].SignIn.ConfirmCode(context.Background(), p.attempt(half, wrong), start)
			return err
		})
		require.Equal(t, map[string]int{"wrong code": 5, "wait": racers - 5}, answers)
		require.Equal(t, 1, a.notices.count(account.NoticeExposed)+b.notices.count(account.NoticeExposed))
		_, err := a.SignIn.ConfirmCode(t.Context(), p.attempt(half, phone.at(start)), start)
		require.Equal(t, "wait", kindOf(err))
	})
}

func TestRaceOnTheBudgetOfRecoveryCodes(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		a.enrolled()
		p := a.person()
		half := p.half(start)
		answers := race(t, func(i int) error {
			_, err := []*office{a, b}[i%2].Recovery.UseRecoveryCode(context.Background(), p.attempt(half, "00000-00000"), start)
			return err
		})
		require.Equal(t, map[string]int{"wrong code": 5, "wait": racers - 5}, answers)
	})
}

func TestRaceOnTheBudgetOfPasswords(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		a.enrolled()
		answers := race(t, func(i int) error {
			p := []*office{a, b}[i%2].person()
			_, err := p.passwordOf(ada, "wrong", start)
			return err
		})
		require.Equal(t, map[string]int{"wrong password": 10, "wait": racers - 10}, answers)
		require.Equal(t, 10, a.events(audit.PasswordRefused), "no more were checked")
	})
}

// The budget comes first: a right code or password after too many wrong ones is not checked.
func TestRaceOfWrongAttemptsAndARightOne(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		people, halves := make([]*person, racers), make([]account.HalfCookie, racers)
		for i := range racers {
			people[i] = []*office{a, b}[i%2].person()
			halves[i] = people[i].half(start)
		}
		among := func(done, wrong string, budget int, right, guess func(p *person, half account.HalfCookie) error) {
			t.Helper()
			answers := race(t, func(i int) error {
				if i == racers-1 {
					return right(people[i], halves[i])
				}
				return guess(people[i], halves[i])
			})
			most := budget
			if answers[done] == 1 { // the right one came early and reset the count: fewer wrong ones than the budget before it, and as many as the budget after it
				most = 2*budget - 1
			}
			require.LessOrEqual(t, answers[wrong], most, "%v", answers)
			require.Equal(t, racers, answers[done]+answers[wrong]+answers["wait"], "%v", answers)
		}
		among("done", "wrong password", 10,
			func(p *person, _ account.HalfCookie) error { _, err := p.password(start); return err },
			func(p *person, _ account.HalfCookie) error { _, err := p.passwordOf(ada, "wrong", start); return err })
		among("done", "wrong code", 5,
			func(p *person, half account.HalfCookie) error { return p.code(half, phone.at(start), start) },
			func(p *person, half account.HalfCookie) error { return p.code(half, phone.wrongAt(start), start) })
	})
}

func TestRaceOnTheBudgetOfAnAddress(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		guess := func(i int) error {
			p := []*office{a, b}[i%2].person()
			p.visitor.ClientIP = netip.MustParseAddr("192.0.2.1")
			_, err := p.passwordOf(fmt.Sprintf("person%d@example.test", i), "wrong", start)
			return err
		}
		for i := range 90 {
			require.ErrorIs(t, guess(racers+i), account.ErrCredentials)
		}
		require.Equal(t, map[string]int{"wrong password": 10, "wait": racers - 10}, race(t, guess))
	})
}

func TestRaceOfDisablingAndSigningIn(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, _ := a.enrolled()
		p := b.person()
		half := p.half(start)
		opened := make(chan string, racers)
		race(t, func(i int) error {
			if i == racers/2 {
				_, err := a.Operate.Disable(context.Background(), ada, audit.Operator(), start)
				return err
			}
			done, err := b.SignIn.ConfirmCode(context.Background(), p.attempt(half, phone.at(start)), start)
			if err == nil {
				opened <- done.Session
			}
			return err
		})
		close(opened)
		for p.session = range opened {
			_, err := p.signIn(start)
			require.ErrorIs(t, err, storage.ErrNotFound, "no session exists after the account was disabled")
		}
	})
}

func TestRaceOfResettingAndSigningIn(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		_, phone, codes := a.enrolled()
		people, halves := make([]*person, racers), make([]account.HalfCookie, racers)
		for i := range racers {
			people[i] = []*office{a, b}[i%2].person()
			halves[i] = people[i].half(start)
		}
		answers := race(t, func(i int) error {
			switch {
			case i%10 == 0:
				_, _, err := a.Operate.ResetFactor(context.Background(), ada, audit.Operator(), start)
				return err
			case i%2 == 0:
				return people[i].recoveryCode(halves[i], codes[i%10], start)
			}
			return people[i].code(halves[i], phone.at(start), start)
		})
		known := answers["done"] + answers["wrong code"] + answers["wait"] + answers["start again"]
		require.Equal(t, racers, known, "unexpected error: %v", answers)
		for _, p := range people {
			_, err := p.signIn(start)
			require.ErrorIs(t, err, storage.ErrNotFound, "no session exists after the last reset")
		}
	})
}
