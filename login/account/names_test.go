package account_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestNamesThatLookLikeAnother(t *testing.T) {
	refused := []string{
		"\u0430da",                       // Cyrillic and Latin
		"ad\u03b1",                       // Latin and Greek
		"\u0440\u0430\u0443\u0440\u0430", // Cyrillic only, each letter like a Latin one
		"\u0422\u041e\u041c",             // capitals
		"\u03bf\u03bd\u03b1",             // Greek alone
		"b\u00fccher\u0441",              // not ASCII after folding either
		"a\U0001f600",                    // not allowed in names
	}
	taken := []string{"grace", "jürgen", "жанна", "иванов1", "ελένη", "田中", "ひらがな漢字", "カナtanaka", "김철수kim", "عائشة", "אבי"}
	o := openOffice(t, storagetest.SQLite(t))
	ask := func(email string) error {
		return o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: email, Name: "Ada"}, start)
	}
	add := func(n identity.NewUser) error {
		_, _, err := o.Operate.Add(t.Context(), n, audit.Operator(), start)
		return err
	}
	for _, name := range refused {
		var fault *identity.InvalidError
		require.ErrorAs(t, ask(name+"@example.test"), &fault, name)
		require.True(t, fault.Lookalike, name)
		require.ErrorAs(t, add(identity.NewUser{Email: name + "@example.test"}), &fault, name)
		require.Equal(t, "email", fault.Field)
		require.ErrorAs(t, add(identity.NewUser{Email: ada, Username: name}), &fault, name)
		require.Equal(t, "username", fault.Field)
		require.NoError(t, add(identity.NewUser{Email: name + "@example.test", Username: name, AllowLookalike: true}), name)
	}
	for _, name := range taken {
		require.NoError(t, ask(name+"@example.test"), name)
		require.NoError(t, add(identity.NewUser{Email: name + "@example.test", Username: name}), name)
	}
	owner, _, _ := o.enrolled()
	fresh, ok := self.FreshSignIn(mustSignIn(t, owner), enrolledAt)
	require.True(t, ok)
	var fault *identity.InvalidError
	require.ErrorAs(t, o.Self.AskEmailChange(t.Context(), fresh, refused[0]+"@example.test", owner.visitor, enrolledAt), &fault)
	require.True(t, fault.Lookalike)
}

func mustSignIn(t *testing.T, p *person) storage.SignIn {
	t.Helper()
	signIn, err := p.signIn(enrolledAt)
	require.NoError(t, err)
	return signIn
}

// Characters that keyboards and clipboards add to a name are removed.
func TestNamesAsTheyAreTyped(t *testing.T) {
	around := []string{" %s", "%s ", "\t%s\r\n", "\u00a0%s\u00a0", "\u200b%s\u200b", "\ufeff%s", "\u3000%s\u3000", "\u2068%s\u2069"}
	each(t, func(t *testing.T, o *office) {
		user, _, err := o.Operate.Add(t.Context(), identity.NewUser{Email: ada, Username: "ada", Password: adaPassword}, audit.Operator(), start)
		require.NoError(t, err)
		p := o.person()
		for _, form := range around {
			for _, name := range []string{ada, "ada"} {
				typed := strings.ReplaceAll(form, "%s", name)
				_, err := p.passwordOf(typed, adaPassword, start)
				require.NoError(t, err, "%q", typed)
				profile, err := o.Operate.Show(t.Context(), typed)
				require.NoError(t, err, "%q", typed)
				require.Equal(t, user.ID, profile.User.ID)
			}
		}
		_, err = p.passwordOf("\u200b", adaPassword, start)
		require.ErrorIs(t, err, account.ErrCredentials)

		require.NoError(t, o.Arrive.AskReset(t.Context(), " Ada\u00a0", p.visitor, start))
		require.Equal(t, 1, o.notices.count(account.NoticePasswordReset))
		require.NoError(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: "\u200b ｎｅｗ＠example.test ", Name: "New", Visitor: p.visitor}, start))
		require.Len(t, o.notices.to("new@example.test", account.NoticeSignUp), 1)
	})
}

func TestInternationalAddressIsOneMailbox(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	_, _, err := o.Operate.Add(t.Context(), identity.NewUser{Email: "ada@bücher.example"}, audit.Operator(), start)
	require.NoError(t, err)
	_, _, err = o.Operate.Add(t.Context(), identity.NewUser{Email: "ADA@xn--bcher-kva.example"}, audit.Operator(), start)
	require.ErrorIs(t, err, storage.ErrConflict)
	report, err := imports(o, `{"email":"eve@xn--bcher-kva.example"}`, `{"email":"Eve@BÜCHER.example"}`)
	require.ErrorIs(t, err, port.ErrImport)
	require.Equal(t, []port.LineFault{{Line: 2, Message: "email: the same as in line 1"}}, report.Faults)
	for _, email := range []string{"ada@\u0301.example", "ada@-ü.example"} {
		_, _, err = o.Operate.Add(t.Context(), identity.NewUser{Email: email}, audit.Operator(), start)
		var fault *identity.InvalidError
		require.ErrorAs(t, err, &fault, email)
	}
}
