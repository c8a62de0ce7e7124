package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func TestEnrolment(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		signIn, err := owner.signIn(enrolledAt)
		require.NoError(t, err)
		require.Equal(t, []string{"pwd", "otp", "mfa"}, signIn.Methods())
		require.False(t, signIn.Recovered())
		require.Equal(t, 1, o.notices.count(account.NoticeInvitation))
		require.Equal(t, 1, o.notices.count(account.NoticeAuthenticatorAdded))
		for _, name := range []audit.Name{
			audit.UserAdded, audit.TicketIssued, audit.PasswordSet, audit.EnrolmentStarted, audit.EnrolmentConfirmed,
			audit.EnrolmentAcknowledged, audit.TicketUsed, audit.SignInCompleted,
		} {
			require.Equal(t, 1, o.events(name), name)
		}
		user, err := o.store.Users.Find(t.Context(), ada)
		require.NoError(t, err)
		_, err = o.store.Enrolments.ByPurpose(t.Context(), storage.Purpose{UserID: user.ID, Kind: storage.EnrolFirst}, enrolledAt)
		require.ErrorIs(t, err, storage.ErrNotFound, "the half-done sign-in and the link are gone")
		p := o.person()
		require.NoError(t, p.code(p.half(start), phone.at(start), start))
	})
}

func TestNewPasswordEndsSignInsBegunWithTheOldOne(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		thief := o.person()
		half, err := thief.invited(ticket, start)
		require.NoError(t, err)
		who := thief.enroller(half, start)
		thief.confirmed(who, start)
		_, err = o.person().invited(ticket, start)
		require.NoError(t, err)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrStartAgain)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", thief.visitor, start)
		require.ErrorIs(t, err, account.ErrStartAgain)
	})
}

func TestLongAddressCanBeEnrolled(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		long := strings.Repeat("\u00e4", 90) + "@example.test"
		user, ticket := o.add(long, start)
		p := o.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		shown, err := o.Enrol.Enrolment(t.Context(), p.enroller(half, start), p.visitor, start)
		require.NoError(t, err)
		require.Equal(t, user.ID, shown.Account, "the address does not fit into the QR code")
		require.Contains(t, shown.URI, user.ID)
	})
}

func TestInvitationIsGoodFor72Hours(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		end := start.Add(72 * time.Hour)
		_, err := o.Arrive.OpenInvitation(t.Context(), ticket, end.Add(-time.Second))
		require.NoError(t, err)
		_, err = o.Arrive.OpenInvitation(t.Context(), ticket, end)
		require.ErrorIs(t, err, account.ErrLink)
		_, err = o.person().invited(ticket, end)
		require.ErrorIs(t, err, account.ErrLink)
		require.Equal(t, 1, o.events(audit.TicketRefused))
	})
}

func TestInvitationEndsWhileEnrolling(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		late := start.Add(72*time.Hour - time.Minute)
		p := o.person()
		half, err := p.invited(ticket, late)
		require.NoError(t, err)
		who := p.enroller(half, late)
		p.confirmed(who, late)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", p.visitor, late.Add(2*time.Minute))
		require.ErrorIs(t, err, account.ErrStartAgain)
	})
}

func TestOnlyTheNewestInvitationWorks(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, first := o.add(ada, start)
		thief := o.person()
		stolen, err := thief.invited(first, start)
		require.NoError(t, err)
		who := thief.enroller(stolen, start)
		known, err := o.Enrol.Enrolment(t.Context(), who, thief.visitor, start)
		require.NoError(t, err)

		_, invitation, err := o.Operate.Invite(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		_, err = o.Arrive.OpenInvitation(t.Context(), first, start)
		require.ErrorIs(t, err, account.ErrLink)
		_, err = o.Enrol.InvitedEnroller(t.Context(), stolen, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)

		p := o.person()
		half, err := p.invited(ticketOf(t, invitation), start)
		require.NoError(t, err)
		mine, err := o.Enrol.Enrolment(t.Context(), p.enroller(half, start), p.visitor, start)
		require.NoError(t, err)
		require.NotEqual(t, known.Key.Secret, mine.Key.Secret, "the key that the thief has seen is discarded")
	})
}

func TestPasswordAloneDoesNotEnrol(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		_, err := o.person().invited(ticket, start)
		require.NoError(t, err)

		p := o.person()
		half := p.half(start)
		require.ErrorIs(t, p.code(half, "123456", start), account.ErrNotEnrolled)
		require.ErrorIs(t, p.recoveryCode(half, "00000-00000", start), account.ErrNotEnrolled)
		_, err = o.SignIn.Pending(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)
	})
}

func TestLinkOfAnotherPersonDoesNotEnrol(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		_, err := o.person().invited(ticket, start)
		require.NoError(t, err)
		_, other := o.add("eve@example.test", start)

		p := o.person()
		half, err := o.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{
			Name: ada, Password: adaPassword, Invitation: other, Browser: p.browser, Visitor: p.visitor,
		}, start)
		require.NoError(t, err)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)
	})
}

func TestLinkDoesNothingToAnAccountThatIsSetUp(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		user, err := o.store.Users.Find(t.Context(), ada)
		require.NoError(t, err)
		require.NoError(t, o.store.Links.Add(t.Context(), storage.Link{
			Hash: storage.Hash("ticket"), Purpose: storage.LinkEnrol, UserID: user.ID, CreatedAt: storage.At(start), ExpiresAt: storage.At(start.Add(time.Hour)),
		}))
		_, err = o.Arrive.OpenInvitation(t.Context(), "ticket", start)
		require.ErrorIs(t, err, account.ErrEnrolled)
		_, err = o.person().invited("ticket", start)
		require.ErrorIs(t, err, account.ErrEnrolled)
		p := o.person()
		require.NoError(t, p.code(p.half(start), phone.at(start), start))
	})
}

func TestLeavingHalfWayAndComingBack(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		p := o.person()
		_, err := p.invited(ticket, start)
		require.NoError(t, err)

		later := start.Add(24 * time.Hour)
		half, err := o.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{
			Name: ada, Password: adaPassword, Invitation: ticket, Browser: p.browser, Visitor: p.visitor,
		}, later)
		require.NoError(t, err, "the chosen password works")
		who := p.enroller(half, later.Add(9*time.Minute))
		p.confirmed(who, later.Add(9*time.Minute))

		again, err := p.invited(ticket, later)
		require.NoError(t, err, "and the link works")
		who = p.enroller(again, later)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", p.visitor, later)
		require.NoError(t, err)
		_, err = o.Arrive.OpenInvitation(t.Context(), ticket, later)
		require.ErrorIs(t, err, account.ErrLink, "now the link is used up")
	})
}

// A browser with an invitation has ten minutes to enrol, but no longer than any other to type a code.
func TestLinkDoesNotProlongTheTimeForACode(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		p := o.person()
		half, err := o.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{
			Name: ada, Password: adaPassword, Invitation: "anything", Browser: p.browser, Visitor: p.visitor,
		}, start)
		require.NoError(t, err)
		late := start.Add(5*time.Minute + time.Second)
		require.ErrorIs(t, p.code(half, phone.at(late), late), account.ErrStartAgain)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrEnrolled)
	})
}

func TestPendingKeyIsDiscarded(t *testing.T) {
	begin := func(t *testing.T, o *office) (*person, enrol.Enroller, phone) {
		_, ticket := o.add(ada, start)
		p := o.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		who := p.enroller(half, start)
		shown, err := o.Enrol.Enrolment(t.Context(), who, p.visitor, start)
		require.NoError(t, err)
		return p, who, phone{shown.Key}
	}
	t.Run("after five wrong codes", func(t *testing.T) {
		each(t, func(t *testing.T, o *office) {
			p, who, phone := begin(t, o)
			for range 4 {
				require.ErrorIs(t, o.Enrol.ConfirmEnrolment(t.Context(), who, phone.wrongAt(start), p.visitor, start), account.ErrCode)
			}
			require.ErrorIs(t, o.Enrol.ConfirmEnrolment(t.Context(), who, "junk", p.visitor, start), account.ErrEnrolmentLost)
			require.ErrorIs(t, o.Enrol.ConfirmEnrolment(t.Context(), who, phone.at(start), p.visitor, start), account.ErrEnrolmentLost)
			shown, err := o.Enrol.Enrolment(t.Context(), who, p.visitor, start)
			require.NoError(t, err)
			require.NotEqual(t, phone.key.Secret, shown.Key.Secret)
		})
	})
	t.Run("after ten minutes", func(t *testing.T) {
		each(t, func(t *testing.T, o *office) {
			p, who, phone := begin(t, o)
			late := start.Add(10*time.Minute + time.Second)
			require.ErrorIs(t, o.Enrol.ConfirmEnrolment(t.Context(), who, phone.at(late), p.visitor, late), account.ErrEnrolmentLost)
		})
	})
	t.Run("it was not discarded because of its clock", func(t *testing.T) {
		each(t, func(t *testing.T, o *office) {
			p, who, phone := begin(t, o)
			err := o.Enrol.ConfirmEnrolment(t.Context(), who, phone.at(start.Add(-4*time.Minute)), p.visitor, start)
			var clock *account.ClockError
			require.ErrorAs(t, err, &clock)
			require.Equal(t, -4*time.Minute, clock.Offset)
			require.NoError(t, o.Enrol.ConfirmEnrolment(t.Context(), who, phone.at(start), p.visitor, start))
		})
	})
}

func TestUnconfirmedKeyCannotBeAcknowledged(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, start)
		p := o.person()
		half, err := p.invited(ticket, start)
		require.NoError(t, err)
		who := p.enroller(half, start)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", p.visitor, start)
		require.ErrorIs(t, err, account.ErrEnrolmentLost)
		_, err = o.Enrol.Enrolment(t.Context(), who, p.visitor, start)
		require.NoError(t, err)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", p.visitor, start)
		require.ErrorIs(t, err, account.ErrNotConfirmed)
	})
}
