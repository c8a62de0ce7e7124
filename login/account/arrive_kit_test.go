package account_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
)

const newPassword = "seven quiet lanterns hum"

// secretOf returns the secret of a mailed link.
func secretOf(t testing.TB, notice account.Notice) string {
	t.Helper()
	link, err := url.Parse(notice.Link)
	require.NoError(t, err)
	require.Equal(t, "https://id.example.test", link.Scheme+"://"+link.Host, "links are built from the settings alone")
	secret := link.Query().Get("ticket")
	require.Len(t, secret, 43, "256 bits")
	return secret
}

// mailed returns the newest message of a kind to an address.
func (o *office) mailed(address string, kind account.NoticeKind) account.Notice {
	o.t.Helper()
	found := o.notices.to(address, kind)
	require.NotEmpty(o.t, found, "%s to %s", kind, address)
	return found[len(found)-1]
}

// register asks for an account and returns the secret of the mailed link.
func (p *person) register(email string, now time.Time) string {
	p.o.t.Helper()
	require.NoError(p.o.t, p.o.Arrive.AskSignUp(p.o.t.Context(), arrive.SignUpForm{Email: email, Name: "Ada Example", Locale: "de", Visitor: p.visitor}, now))
	return secretOf(p.o.t, p.o.mailed(email, account.NoticeSignUp))
}

func (p *person) choose(secret, password string) arrive.InvitedPassword {
	return arrive.InvitedPassword{Secret: secret, Password: password, Browser: p.browser, Visitor: p.visitor}
}

func (o *office) user(name string) storage.User {
	o.t.Helper()
	user, err := o.store.Users.Find(o.t.Context(), name)
	require.NoError(o.t, err)
	return user
}

// complete returns the complete sign-in of the browser.
func (p *person) complete(now time.Time) storage.SignIn {
	p.o.t.Helper()
	signIn, err := p.signIn(now)
	require.NoError(p.o.t, err)
	return signIn
}

// change chooses another password in the browser's session, and keeps the cookies of a success.
func (p *person) change(current, fresh string, now time.Time) error {
	done, err := p.o.Self.ChangePassword(p.o.t.Context(), p.stillFresh(now), self.PasswordChange{
		Current: current, New: fresh, Session: p.session, Visitor: p.visitor,
	}, now)
	p.keep(done, err)
	return err
}

func isWait(err error) bool {
	var wait *account.WaitError
	return errors.As(err, &wait)
}

// unverified adds a user with an unverified e-mail address and signs that user in.
func (o *office) unverified(email string, now time.Time) storage.SignIn {
	o.t.Helper()
	user, _ := o.add(email, now)
	half := storage.HalfSignIn{TokenHash: storage.Hash(email), User: user, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	require.NoError(o.t, o.store.Sessions.BeginSignIn(o.t.Context(), half, ""))
	hash := storage.Hash(email + " session")
	require.NoError(o.t, o.store.Sessions.CompleteSignIn(o.t.Context(), half.TokenHash, storage.Completion{
		TokenHash: hash, Methods: []string{"pwd", "otp", "mfa"}, IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(24 * time.Hour),
	}, now))
	signIn, err := o.store.Sessions.SignIn(o.t.Context(), hash, "", now)
	require.NoError(o.t, err)
	return signIn
}

// freshOf returns a sign-in as fresh, at the time when it was completed.
func freshOf(signIn storage.SignIn) self.Fresh {
	fresh, _ := self.FreshSignIn(signIn, signIn.Time())
	return fresh
}

func (p *person) stillFresh(now time.Time) self.Fresh { return freshOf(p.complete(now)) }
