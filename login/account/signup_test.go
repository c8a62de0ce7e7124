package account_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestRegister(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.person()
		secret := p.register(ada, start)
		require.Equal(t, start.Add(72*time.Hour), o.mailed(ada, account.NoticeSignUp).Expires)
		_, err := o.store.Users.Find(t.Context(), ada)
		require.ErrorIs(t, err, storage.ErrNotFound, "there is no account before the link is followed")

		found, err := o.Arrive.OpenVerification(t.Context(), secret, start)
		require.NoError(t, err)
		require.Equal(t, arrive.Verification{Kind: arrive.VerifySignUp, Email: ada}, found)
		var weak *account.WeakPasswordError
		_, err = o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, "password"), start)
		require.ErrorAs(t, err, &weak)
		half, err := o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, adaPassword), start)
		require.NoError(t, err)
		user := o.user(ada)
		require.True(t, user.EmailVerified)
		require.False(t, user.Admin)
		require.Equal(t, storage.Claims{"name": "Ada Example", "locale": "de"}, user.Claims)
		require.Equal(t, 1, o.events(audit.UserRegistered))

		_, err = o.SignIn.Pending(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled, "no code without an authenticator")
		who := p.enroller(half, start)
		p.confirmed(who, start)
		done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, "", p.visitor, start)
		require.NoError(t, err)
		p.keep(done, nil)
		p.complete(start)
		_, err = o.Arrive.OpenVerification(t.Context(), secret, start)
		require.ErrorIs(t, err, account.ErrLink, "the link is used up")
	})
}

// A person who leaves after choosing the password can come back by the same link, which is an invitation from then on.
func TestSignUpLinkBecomesAnInvitation(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.person()
		secret := p.register(ada, start)
		_, err := o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, adaPassword), start)
		require.NoError(t, err)
		later := start.Add(24 * time.Hour)
		_, err = o.Arrive.OpenVerification(t.Context(), secret, later)
		require.ErrorIs(t, err, account.ErrSignedUp)
		_, err = o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, newPassword), later)
		require.ErrorIs(t, err, account.ErrSignedUp)
		half, err := p.invited(secret, later)
		require.NoError(t, err)
		p.enroller(half, later)
		_, err = o.Arrive.OpenVerification(t.Context(), secret, start.Add(72*time.Hour))
		require.ErrorIs(t, err, account.ErrLink, "no longer than any other invitation")
	})
}

func TestSignUpLinksExpire(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.person()
		secret := p.register(ada, start)
		last := start.Add(72*time.Hour - time.Microsecond)
		_, err := o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, adaPassword), last.Add(time.Microsecond))
		require.ErrorIs(t, err, account.ErrLink)
		_, err = o.Arrive.OpenVerification(t.Context(), secret, last)
		require.NoError(t, err)
		swept, err := o.store.Sweep(t.Context(), start.Add(72*time.Hour), 100)
		require.NoError(t, err)
		require.NotZero(t, swept)
		_, err = o.Arrive.OpenVerification(t.Context(), secret, last)
		require.ErrorIs(t, err, account.ErrLink, "swept")
	})
}

func TestSignUpRefusesInvalidAddresses(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	for _, email := range []string{
		"", "ada", "Ada <ada@example.test>", "ada@example.test, eve@example.test", "ada@example.test\r\nBcc: eve@example.test",
		`"ada eve"@example.test`, strings.Repeat("a", 10_000) + "@example.test", "ada@example.test eve@example.test",
	} {
		var fault *identity.InvalidError
		err := o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: email, Name: "Ada"}, start)
		require.ErrorAs(t, err, &fault, "%.40q", email)
		require.Equal(t, "email", fault.Field)
	}
	for _, name := range []string{"", " ", "a\nb", strings.Repeat("a", 129)} {
		require.Error(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: ada, Name: name}, start), "%q", name)
	}
	require.Empty(t, o.notices.sent)
}

func TestSignUpOnlyWhenOpen(t *testing.T) {
	for _, registration := range []account.SignUp{account.SignUpClosed, account.SignUpInvite} {
		db := storagetest.SQLite(t)
		open, shut := openOffice(t, db), openOfficeAs(t, db, registration)
		require.False(t, shut.Arrive.Open())
		require.ErrorIs(t, shut.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: ada, Name: "Ada"}, start), account.ErrClosed)
		p := open.person()
		secret := p.register(ada, start)
		_, err := shut.Arrive.CompleteSignUp(t.Context(), p.choose(secret, adaPassword), start)
		require.ErrorIs(t, err, account.ErrLink, "earlier sign-up links are void")
	}
}

func TestInvitationsAreMailedUnlessClosed(t *testing.T) {
	for registration, mailed := range map[account.SignUp]int{
		account.SignUpClosed: 0, account.SignUpInvite: 2, account.SignUpOpen: 2,
	} {
		o := openOfficeAs(t, storagetest.SQLite(t), registration)
		_, first := o.add(ada, start)
		_, invitation, err := o.Operate.Invite(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.NotEqual(t, first, ticketOf(t, invitation))
		require.Equal(t, mailed, o.notices.count(account.NoticeInvitation), registration)
		_, _, err = o.Operate.ResetFactor(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.Equal(t, 1, o.notices.count(account.NoticeFactorReset), "a person whose factors were reset is told in any case")
	}
}

// The owner of an e-mail address learns that somebody asked; the person who asked learns nothing.
func TestSignUpWithATakenAddress(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		for _, spelling := range []string{ada, "ADA@example.test", "ａda@example.test"} {
			require.NoError(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: spelling, Name: "Eve", Visitor: o.person().visitor}, start))
			require.Empty(t, o.notices.to(spelling, account.NoticeSignUp))
		}
		require.Equal(t, 3, o.notices.count(account.NoticeAddressTaken), "to the account's e-mail address")
		require.NoError(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: ada, Name: "Eve", Visitor: o.person().visitor}, start))
		require.Equal(t, 3, o.notices.count(account.NoticeAddressTaken), "three messages an hour")
	})
}

func TestSignUpMailIsLimited(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		at := start
		for _, mails := range []int{1, 2, 3, 3, 3} {
			require.NoError(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: ada, Name: "Ada", Visitor: o.person().visitor}, at))
			require.Equal(t, mails, o.notices.count(account.NoticeSignUp))
			at = at.Add(10 * time.Minute)
		}
		require.Equal(t, 2, o.events(audit.MailThrottled))
		require.NoError(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: ada, Name: "Ada"}, start.Add(80*time.Minute)))
		require.Equal(t, 4, o.notices.count(account.NoticeSignUp))
	})
}

func TestAskingIsLimitedByClientIP(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		visitor := account.Visitor{ClientIP: netip.MustParseAddr("203.0.113.9")}
		ask := map[bool]func(i int) error{
			true: func(i int) error {
				return o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: fmt.Sprintf("p%d@example.test", i), Name: "P", Visitor: visitor}, start)
			},
			false: func(i int) error { return o.Arrive.AskReset(t.Context(), fmt.Sprintf("p%d", i), visitor, start) },
		}
		for i := range 40 {
			err := ask[i%2 == 0](i)
			require.Equal(t, i >= 30, isWait(err), "%d: %v", i, err)
		}
		visitor.ClientIP = netip.MustParseAddr("203.0.113.10")
		require.NoError(t, ask[true](99))
	})
}

// 50 people follow 50 links for one address in different spellings: only one of them gets an account.
func TestOneAddressIsOneAccount(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		offices := []*office{a, b}
		var secrets []string
		for i := range racers {
			email := []string{"straße@example.test", "STRASSE@example.test", "ｓtrasse@example.test"}[i%3]
			hour := start.Add(time.Duration(i) * time.Hour)
			secrets = append(secrets, a.person().register(email, hour))
		}
		at := start.Add(racers * time.Hour)
		answers := race(t, func(i int) error {
			p := offices[i%2].person()
			_, err := p.o.Arrive.CompleteSignUp(t.Context(), p.choose(secrets[i], adaPassword), at)
			return err
		})
		require.Equal(t, 1, answers["done"], "%v", answers)
		users, err := a.store.Users.List(t.Context(), "", 100)
		require.NoError(t, err)
		require.Len(t, users, 1)
		require.Equal(t, racers-1, answers[account.ErrTaken.Error()]+answers[account.ErrLink.Error()], "%v", answers)
	})
}

func TestOneSignUpLinkIsOneAccount(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		offices := []*office{a, b}
		secret := a.person().register(ada, start)
		answers := race(t, func(i int) error {
			p := offices[i%2].person()
			_, err := p.o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, adaPassword), start)
			return err
		})
		require.Equal(t, map[string]int{"done": 1, account.ErrSignedUp.Error(): racers - 1}, answers)
		require.Equal(t, 1, a.events(audit.UserRegistered))
	})
}

// An operator creates an account with the same address while somebody signs up.
func TestAddressTakenMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.person()
		secret := p.register(ada, start)
		o.add("ADA@example.test", start)
		_, err := o.Arrive.CompleteSignUp(t.Context(), p.choose(secret, adaPassword), start)
		require.ErrorIs(t, err, account.ErrTaken)
	})
}

// Known and unknown names, free and taken addresses take the same statements.
func TestAskingCostsTheSame(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		counter := &storagetest.Counter{}
		o := openOffice(t, db, counter.Intercept)
		o.enrolled()
		o.add("unenrolled@example.test", start)
		o.add("disabled@example.test", start)
		_, err := o.Operate.Disable(t.Context(), "disabled@example.test", audit.Operator(), start)
		require.NoError(t, err)
		var mu sync.Mutex
		cost := func(do func(name string) error, name string) (statements, begun int) {
			mu.Lock()
			defer mu.Unlock()
			counter.Reset()
			require.NoError(t, do(name))
			begun, _ = counter.Transactions()
			return counter.Count(), begun
		}
		for what, do := range map[string]func(string) error{
			"register": func(name string) error {
				return o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: name, Name: "Ada", Visitor: o.person().visitor}, start)
			},
			"reset": func(name string) error { return o.Arrive.AskReset(t.Context(), name, o.person().visitor, start) },
		} {
			first, firstBegun := 0, 0
			for i, name := range []string{ada, "unknown@example.test", "unenrolled@example.test", "disabled@example.test"} {
				statements, begun := cost(do, name)
				if i == 0 {
					first, firstBegun = statements, begun
				}
				require.Equal(t, first, statements, "%s %s: %q", what, name, counter.Texts())
				require.Equal(t, firstBegun, begun, "%s %s", what, name)
			}
		}
	})
}
