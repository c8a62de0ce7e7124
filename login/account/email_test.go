package account_test

import (
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

const newAda = "countess@example.test"

func (p *person) askEmail(email string, now time.Time) error {
	return p.o.Self.AskEmailChange(p.o.t.Context(), p.stillFresh(now), email, p.visitor, now)
}

func (p *person) confirmEmail(secret string, now time.Time) error {
	done, err := p.o.Self.ConfirmEmailChange(p.o.t.Context(), secret, p.session, p.visitor, now)
	if done.Session != "" {
		p.keep(done, err)
	}
	return err
}

func TestChangeEmail(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		require.NoError(t, o.store.Users.VerifyEmail(t.Context(), o.user(ada).ID, ada, start))
		other := o.person()
		require.NoError(t, other.code(other.half(start), phone.at(start), start))
		reset := o.person().askReset(ada, start)

		require.NoError(t, owner.askEmail(newAda, start))
		require.Equal(t, newAda, o.mailed(ada, account.NoticeEmailAnnounced).Email, "the old address is told at once")
		secret := secretOf(t, o.mailed(newAda, account.NoticeEmailConfirm))
		user := o.user(ada)
		require.Equal(t, ada, user.Email, "nothing changes before the new address is confirmed")
		require.False(t, user.EmailConfirmed(start))
		waiting, until, err := o.Self.NewEmail(t.Context(), user, start)
		require.NoError(t, err)
		require.Equal(t, newAda, waiting)
		require.Equal(t, start.Add(72*time.Hour), until.UTC())
		found, err := o.Arrive.OpenVerification(t.Context(), secret, start)
		require.NoError(t, err)
		require.Equal(t, arrive.Verification{Kind: arrive.VerifyNewEmail, Email: newAda}, found)

		cookie := owner.session
		require.NoError(t, owner.confirmEmail(secret, start))
		user = o.user(newAda)
		require.True(t, user.EmailConfirmed(start))
		require.Equal(t, newAda, o.mailed(ada, account.NoticeEmailChanged).Email)
		require.Equal(t, 1, o.events(audit.EmailChanged))
		require.NotEqual(t, cookie, owner.session, "this browser stays signed in under a new session id")
		require.Equal(t, newAda, owner.complete(start).User().Email)
		_, err = other.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "the other sessions end")
		require.ErrorIs(t, owner.confirmEmail(secret, start), account.ErrLink, "once")
		_, err = o.Arrive.OpenReset(t.Context(), reset, start)
		require.ErrorIs(t, err, account.ErrLink, "links mailed to the old address are void")
		_, err = o.person().password(start)
		require.ErrorIs(t, err, account.ErrCredentials)
		_, err = o.person().passwordOf(newAda, adaPassword, start)
		require.NoError(t, err)
	})
}

func TestConfirmEmailElsewhere(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		require.NoError(t, owner.askEmail(newAda, start))
		phone := o.person()
		require.NoError(t, phone.confirmEmail(secretOf(t, o.mailed(newAda, account.NoticeEmailConfirm)), start))
		require.Empty(t, phone.session, "the link signs nobody in")
		_, err := owner.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestEmailChangeIsGivenUp(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		require.NoError(t, o.store.Users.VerifyEmail(t.Context(), o.user(ada).ID, ada, start))
		require.NoError(t, owner.askEmail(newAda, start))
		secret := secretOf(t, o.mailed(newAda, account.NoticeEmailConfirm))
		for range 2 {
			require.NoError(t, o.Self.CancelEmailChange(t.Context(), owner.complete(start), owner.visitor, start))
		}
		require.ErrorIs(t, owner.confirmEmail(secret, start), account.ErrLink)
		require.True(t, o.user(ada).EmailConfirmed(start))
		require.Equal(t, 1, o.events(audit.EmailChangeCancelled))

		require.NoError(t, owner.askEmail(newAda, start))
		secret = secretOf(t, o.mailed(newAda, account.NoticeEmailConfirm))
		end := start.Add(72 * time.Hour)
		require.ErrorIs(t, owner.confirmEmail(secret, end), account.ErrLink)
		waiting, _, err := o.Self.NewEmail(t.Context(), o.user(ada), end)
		require.NoError(t, err)
		require.Empty(t, waiting)
		require.True(t, o.user(ada).EmailConfirmed(end))
	})
}

func TestEmailChangeRefuses(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		var fault *identity.InvalidError
		require.ErrorAs(t, owner.askEmail("countess", start), &fault)
		require.ErrorAs(t, owner.askEmail("a@example.test\r\nBcc: b@example.test", start), &fault)
		require.ErrorIs(t, owner.askEmail(ada, start), account.ErrSameEmail)
		for i := range 4 {
			require.Equal(t, i == 3, isWait(owner.askEmail(newAda, start)))
		}
		require.Len(t, o.notices.to(newAda, account.NoticeEmailConfirm), 3)
	})
}

// Somebody who is signed in learns no more about other people's e-mail addresses than anybody else.
func TestEmailOfSomebodyElse(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		counter := &storagetest.Counter{}
		o := openOffice(t, db, counter.Intercept)
		owner, _, _ := o.enrolled()
		o.add("bob@example.test", start)
		counts := map[string]int{}
		for _, email := range []string{"bob@example.test", newAda} {
			counter.Reset()
			require.NoError(t, owner.askEmail(email, start))
			counts[email] = counter.Count()
			waiting, _, err := o.Self.NewEmail(t.Context(), o.user(ada), start)
			require.NoError(t, err)
			require.Equal(t, email, waiting, "the change is pending like any other")
		}
		require.Equal(t, counts[newAda], counts["bob@example.test"], "%q", counter.Texts())
		require.Len(t, o.notices.to("bob@example.test", account.NoticeAddressTaken), 1)
		require.Empty(t, o.notices.to("bob@example.test", account.NoticeEmailConfirm))
	})
}

func TestEmailTakenMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		require.NoError(t, owner.askEmail(newAda, start))
		o.add("COUNTESS@example.test", start)
		secret := secretOf(t, o.mailed(newAda, account.NoticeEmailConfirm))
		require.ErrorIs(t, owner.confirmEmail(secret, start), account.ErrTaken)
		require.Equal(t, ada, owner.complete(start).User().Email)
	})
}

func TestVerifyAddress(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		session := o.unverified(ada, start)
		p := o.person()
		require.NoError(t, o.Arrive.AskVerification(t.Context(), session, p.visitor, start))
		secret := secretOf(t, o.mailed(ada, account.NoticeVerifyAddress))
		for range 2 {
			found, err := o.Arrive.OpenVerification(t.Context(), secret, start)
			require.NoError(t, err)
			require.Equal(t, arrive.Verification{Kind: arrive.VerifyAddress, Email: ada}, found)
			require.False(t, o.user(ada).EmailVerified, "opening the link changes nothing")
		}
		last := start.Add(72*time.Hour - time.Microsecond)
		require.ErrorIs(t, o.Arrive.ConfirmAddress(t.Context(), secret, p.visitor, last.Add(time.Microsecond)), account.ErrLink)
		require.NoError(t, o.Arrive.ConfirmAddress(t.Context(), secret, p.visitor, last))
		require.ErrorIs(t, o.Arrive.ConfirmAddress(t.Context(), secret, p.visitor, last), account.ErrLink)
		require.True(t, o.user(ada).EmailVerified)
		require.Equal(t, 1, o.events(audit.EmailVerified))
	})
}

func TestVerificationIsOfOneAddress(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		session := o.unverified(ada, start)
		for i := range 4 {
			require.Equal(t, i == 3, isWait(o.Arrive.AskVerification(t.Context(), session, account.Visitor{}, start)))
		}
		secret := secretOf(t, o.mailed(ada, account.NoticeVerifyAddress))
		require.NoError(t, o.store.Users.BeginEmailChange(t.Context(), session.User(), start.Add(time.Hour)))
		require.NoError(t, o.store.Users.ChangeEmail(t.Context(), session.User().ID, newAda, start))
		require.ErrorIs(t, o.Arrive.ConfirmAddress(t.Context(), secret, account.Visitor{}, start), account.ErrLink, "the address has been changed since")
	})
}

func TestNothingToVerify(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		require.NoError(t, o.store.Users.VerifyEmail(t.Context(), o.user(ada).ID, ada, start))
		require.ErrorIs(t, o.Arrive.AskVerification(t.Context(), owner.complete(start), owner.visitor, start), account.ErrVerified)
	})
}

func TestOneEmailLinkIsOneChange(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *office) {
		owner, _, _ := a.enrolled()
		require.NoError(t, owner.askEmail(newAda, start))
		secret := secretOf(t, a.mailed(newAda, account.NoticeEmailConfirm))
		before := a.user(ada).Epoch
		offices := []*office{a, b}
		answers := race(t, func(i int) error {
			_, err := offices[i%2].Self.ConfirmEmailChange(t.Context(), secret, owner.session, owner.visitor, start)
			return err
		})
		require.Equal(t, map[string]int{"done": 1, account.ErrLink.Error(): racers - 1}, answers)
		require.Equal(t, before+1, a.user(newAda).Epoch)
	})
}
