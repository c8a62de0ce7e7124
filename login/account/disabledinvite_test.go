package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage/audit"
)

// An invitation to a disabled account is not valid until the account is enabled, whether it was made before or after the account was
// disabled.
func TestInvitationOfADisabledAccount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, before := o.add(ada, start)
		_, err := o.Operate.Disable(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		_, err = o.Arrive.OpenInvitation(t.Context(), before, start)
		require.ErrorIs(t, err, account.ErrLink)
		_, invitation, err := o.Operate.Invite(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		ticket := ticketOf(t, invitation)
		_, err = o.Arrive.OpenInvitation(t.Context(), ticket, start)
		require.ErrorIs(t, err, account.ErrLink)
		_, err = o.person().invited(ticket, start)
		require.ErrorIs(t, err, account.ErrLink)

		_, err = o.Operate.Enable(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		_, err = o.Arrive.OpenInvitation(t.Context(), ticket, start)
		require.NoError(t, err)
	})
}
