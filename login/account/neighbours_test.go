package account_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage/audit"
)

// If others at the same client IP ask for messages, a trusted browser can still ask for a reset link.
func TestBudgetOfAsking(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, _, _ := o.enrolled()
		stranger := o.person()
		owner.visitor.ClientIP = stranger.visitor.ClientIP
		for i := range 30 {
			require.NoError(t, o.Arrive.AskReset(t.Context(), fmt.Sprintf("nobody%d@example.test", i), stranger.visitor, start))
		}
		waitsFor(t, o.Arrive.AskReset(t.Context(), ada, stranger.visitor, start), start, time.Hour)
		require.NoError(t, o.Arrive.AskReset(t.Context(), ada, owner.visitor, start))
		require.Equal(t, 1, o.notices.count(account.NoticePasswordReset))
	})
}

// If strangers ask for accounts at a mailbox, its owner can still make it the e-mail address of an account.
func TestBudgetOfAMailbox(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		now := start.Add(time.Minute)
		here := o.signedIn(phone, now)
		for range 4 {
			require.NoError(t, o.Arrive.AskSignUp(t.Context(), arrive.SignUpForm{Email: "new@example.test", Name: "N", Visitor: o.person().visitor}, now))
		}
		require.Equal(t, 1, o.events(audit.MailThrottled), "the fourth request was too many")
		require.NoError(t, o.Self.AskEmailChange(t.Context(), here.freshly(now), "new@example.test", here.visitor, now))
	})
}

func TestAddressBudget(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		p := o.person()
		for i := range 100 {
			_, err := p.passwordOf(string(rune('a'+i%26))+string(rune('a'+i/26))+"@example.test", "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		_, err := p.password(start)
		waitsFor(t, err, start, time.Minute)
		elsewhere := o.person()
		elsewhere.visitor.ClientIP = p.visitor.ClientIP.Next()
		elsewhere.half(start)

		owner.visitor.ClientIP = p.visitor.ClientIP
		require.NoError(t, owner.code(owner.half(start), phone.at(start), start), "a trusted browser at the same client IP")
		now := start.Add(time.Minute)
		here := o.signedIn(phone, now)
		_, err = o.Self.ChangePassword(t.Context(), here.freshly(now), self.PasswordChange{
			Current: adaPassword, New: "a long walk over the hills", Session: here.session, Visitor: p.visitor,
		}, now)
		require.NoError(t, err, "somebody who is signed in at the same client IP")
	})
}
