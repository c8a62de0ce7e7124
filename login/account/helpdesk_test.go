package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/operate"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage/audit"
)

func (o *office) helpdesk(now time.Time) operate.Helpdesk {
	o.t.Helper()
	desk, err := o.Operate.Helpdesk(o.t.Context(), ada, now)
	require.NoError(o.t, err)
	return desk
}

// An account as an operator sees it, from the invitation until it is disabled.
func TestHelpdesk(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, ticket := o.add(ada, enrolledAt)
		desk := o.helpdesk(enrolledAt)
		require.Equal(t, operate.StateNotSetUp, desk.State)
		require.Equal(t, enrolledAt.Add(72*time.Hour), desk.Invitation.ExpiresAt.Time.In(enrolledAt.Location()))
		require.Zero(t, o.helpdesk(enrolledAt.Add(72*time.Hour)).Invitation, "an invitation that has expired")
		require.Empty(t, desk.LastSignIn.ID)

		owner := o.person()
		half, err := owner.invited(ticket, enrolledAt)
		require.NoError(t, err)
		who := owner.enroller(half, enrolledAt)
		phone, _ := owner.confirmed(who, enrolledAt)
		done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, "", owner.visitor, enrolledAt)
		require.NoError(t, err)
		owner.keep(done, nil)
		desk = o.helpdesk(enrolledAt)
		require.Equal(t, operate.StateEnabled, desk.State)
		require.Zero(t, desk.Invitation)
		require.Len(t, desk.Sessions, 1)
		require.Equal(t, 10, desk.RecoveryCodesLeft)
		require.Equal(t, audit.SignInCompleted, desk.LastSignIn.Name)
		require.Nil(t, desk.Authenticators[0].Secret)

		stranger := o.person()
		for i := range 11 {
			_, err = stranger.passwordOf(ada, "wrong", start.Add(time.Duration(i)*time.Millisecond))
			require.Error(t, err)
		}
		desk = o.helpdesk(start)
		require.Equal(t, operate.StateWaiting, desk.State)
		require.Len(t, desk.Waits, 1)
		require.Equal(t, "password", desk.Waits[0].For)
		require.Equal(t, 10, desk.Waits[0].Failures)
		require.WithinDuration(t, start.Add(time.Minute), desk.Waits[0].Until, time.Second)
		require.False(t, desk.Waits[0].Closed)
		require.Equal(t, audit.PasswordThrottled, desk.LastRefusal.Name)
		require.Equal(t, operate.StateEnabled, o.helpdesk(start.Add(time.Minute+time.Second)).State, "a wait that is over")

		_, err = o.Operate.Unlock(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.Equal(t, operate.StateEnabled, o.helpdesk(start).State)

		ahead := start.Add(time.Hour) // the clock runs ahead
		require.NoError(t, stranger.code(stranger.half(ahead), phone.at(ahead), ahead))
		desk = o.helpdesk(start)
		require.Equal(t, operate.StateWaiting, desk.State)
		require.WithinDuration(t, ahead, desk.AheadUntil, 30*time.Second)
		require.Zero(t, o.helpdesk(ahead).AheadUntil)

		_, err = o.Operate.Disable(t.Context(), ada, audit.Operator(), ahead)
		require.NoError(t, err)
		desk = o.helpdesk(ahead)
		require.Equal(t, operate.StateDisabled, desk.State)
		require.Empty(t, desk.Sessions)
	})
}

// A factor that is closed after a hundred wrong codes is shown as closed, not as a wait.
func TestHelpdeskShowsAClosedFactor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		now := start
		for desk := o.helpdesk(now); desk.State != operate.StateClosed; desk = o.helpdesk(now) {
			if len(desk.Waits) > 0 {
				require.Equal(t, operate.StateWaiting, desk.State)
				require.Equal(t, string(throttle.Code), desk.Waits[0].For)
				now = desk.Waits[0].Until
			}
			stranger := o.person()
			require.Error(t, stranger.code(stranger.half(now), phone.wrongAt(now), now))
		}
		desk := o.helpdesk(now.Add(1000 * time.Hour))
		require.Equal(t, operate.StateClosed, desk.State)
		require.True(t, desk.Waits[0].Closed)
		require.Equal(t, 100, desk.Waits[0].Failures)
	})
}
