package account_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// wordList is another kind of factor: a person has a list of words and types the next one at each sign-in.
type wordList struct{ store *storage.Store }

func (wordList) Kind() string   { return "words" }
func (wordList) Method() string { return "kba" }

func (wordList) Match(_ context.Context, a account.Answer, _ time.Time) account.Match {
	for _, one := range a.Authenticators {
		if one.Kind != "words" {
			continue
		}
		for i, word := range bytes.Fields(one.Secret) {
			if count := int64(i + 1); string(word) == a.Typed {
				return account.Match{Right: count > one.LastStep, Replayed: count <= one.LastStep, Steps: map[string]int64{one.ID: count}}
			}
		}
	}
	return account.Match{}
}

func (w wordList) Spend(ctx context.Context, _ account.Answer, m account.Match, now time.Time) error {
	err := w.store.Authenticators.SpendSteps(ctx, m.Steps, now)
	if errors.Is(err, storage.ErrStale) {
		return account.ErrCode
	}
	return err
}

func (wordList) Refusal(account.Answer, time.Time) error { return account.ErrCode }

// signInWith replaces the sign-in journey of an office by one with other factors.
func (o *office) signInWith(passwords *account.Passwords, factors account.Factors) {
	r := o.Rules
	o.SignIn = signin.New(signin.Config{
		Store: o.store, Audit: audit.New(o.store), Notices: o.notices, Attempts: r.Attempts, Passwords: passwords, Factors: factors,
		SignIns: r.SignIns, Browsers: r.Browsers, Links: r.Links,
	})
}

// Only package account and its table know which kinds of factors there are.
func TestSecondKindOfFactor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, codes := o.enrolled()
		o.signInWith(o.Rules.Passwords, append(account.Factors{wordList{o.store}}, o.Rules.Factors...))
		require.NoError(t, o.store.Authenticators.Add(t.Context(), storage.Authenticator{
			ID: storage.NewID(), UserID: o.user(ada).ID, Kind: "words", Name: "Paper", Secret: []byte("anchor drift violet"), CreatedAt: start,
		}))

		p := o.person()
		require.ErrorIs(t, p.code(p.half(start), "north", start), account.ErrCode)
		require.NoError(t, p.code(p.half(start), "drift", start))
		signIn, err := p.signIn(start)
		require.NoError(t, err)
		require.Equal(t, []string{"pwd", "kba", "mfa"}, signIn.Methods())
		for _, used := range []string{"drift", "anchor"} {
			require.ErrorIs(t, p.code(p.half(start), used, start), account.ErrCode, "neither a used word nor an earlier one is accepted again")
		}
		require.Equal(t, 2, o.events(audit.CodeReplayed))
		require.Equal(t, 1, o.events(audit.CodeRefused))

		require.NoError(t, p.code(p.half(start), phone.at(start), start), "the other kind still does")
		signIn, err = p.signIn(start)
		require.NoError(t, err)
		require.Equal(t, []string{"pwd", "otp", "mfa"}, signIn.Methods())
		require.NoError(t, p.recoveryCode(p.half(start), codes[0], start))
	})
}

// An authenticator of another kind is listed, renamed, exported and removed like any other.
func TestAuthenticatorsOfAnotherKind(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		here, phone, _ := o.enrolled()
		id := storage.NewID()
		require.NoError(t, o.store.Authenticators.Add(t.Context(), storage.Authenticator{
			ID: id, UserID: o.user(ada).ID, Kind: "words", Name: "Paper", Secret: []byte("anchor drift violet"), CreatedAt: start,
		}))
		require.ErrorIs(t, here.code(here.half(start), "drift", start), account.ErrCode, "a sign-in without this kind of factor does not ask for it")
		require.NoError(t, here.code(here.half(start), phone.at(start), start))
		require.NotContains(t, o.log.String(), "damaged")

		desk, err := o.Operate.Helpdesk(t.Context(), ada, start)
		require.NoError(t, err)
		require.Len(t, desk.Authenticators, 2)
		require.True(t, desk.AheadUntil.IsZero())
		_, err = o.Operate.Unlock(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		var out bytes.Buffer
		_, err = o.Port.Export(t.Context(), &out, port.ExportOptions{Secrets: true}, audit.Operator(), start)
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("otpauth://")), "only the phone has a key to export")

		require.NoError(t, o.Self.RenameAuthenticator(t.Context(), here.complete(start), id, "Sheet", here.visitor, start))
		who, err := self.NewChanger(here.stillFresh(start), here.browser)
		require.NoError(t, err)
		require.NoError(t, o.Self.RemoveAuthenticator(t.Context(), who, id, here.visitor, start))
		left, err := o.Self.Authenticators(t.Context(), here.complete(start))
		require.NoError(t, err)
		require.Len(t, left, 1)
	})
}

// directory is another first factor: it checks passwords that are stored elsewhere.
type directory map[string]string

func (d directory) Check(_ context.Context, login storage.PasswordLogin, typed string) (account.Verdict, error) {
	return account.Verdict{Right: login.ID != "" && d[login.Email] == typed}, nil
}

func (d directory) Changeable(user storage.User) bool { return d[user.Email] == "" }

func TestSecondKindOfFirstFactor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		passwords := account.NewPasswords(account.PasswordsConfig{Store: o.store, First: directory{ada: "kept elsewhere"}, Issuer: "Example"})
		o.signInWith(passwords, o.Rules.Factors)

		p := o.person()
		for _, name := range []string{ada, "nobody@example.test"} {
			_, err := p.passwordOf(name, adaPassword, start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		half, err := p.passwordOf(ada, "kept elsewhere", start)
		require.NoError(t, err)
		require.NoError(t, p.code(half, phone.at(start), start))

		_, err = passwords.Hash(t.Context(), newPassword, o.user(ada))
		require.ErrorIs(t, err, account.ErrPasswordElsewhere, "it cannot be set here")
	})
}

// Data that looks like a TOTP key in an authenticator of another kind is not used as a key: its codes tell nothing about clocks, and none
// of its steps is used up.
func TestKeyOfAnotherKindIsNoKey(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p, own, _ := o.enrolled()
		foreign := phone{otp.NewKey(otp.Default())}
		for _, one := range []phone{own, foreign} {
			require.NoError(t, o.store.Authenticators.Add(t.Context(), storage.Authenticator{
				ID: storage.NewID(), UserID: o.user(ada).ID, Kind: "words", Name: "Paper", Secret: one.key.Secret, CreatedAt: start,
				Algorithm: one.key.Algorithm, Digits: one.key.Digits, Period: one.key.Period,
			}))
		}

		err := p.code(p.half(start), foreign.at(start.Add(10*time.Minute)), start)
		require.ErrorIs(t, err, account.ErrCode)
		var clock *account.ClockError
		require.False(t, errors.As(err, &clock), "%v", err)

		require.NoError(t, p.code(p.half(start), own.at(start), start))
		stored, err := o.store.Authenticators.OfUser(t.Context(), o.user(ada).ID)
		require.NoError(t, err)
		for _, one := range stored {
			require.Equal(t, one.Kind == storage.KindTOTP, one.LastStep > 0, one.Name)
		}
	})
}
