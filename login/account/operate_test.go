package account_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestAddRefuses(t *testing.T) {
	tests := map[string]struct {
		user  identity.NewUser
		field string
	}{
		"no address":                 {identity.NewUser{}, "email"},
		"line break in an address":   {identity.NewUser{Email: "ada@example.test\r\nBcc: eve@example.test"}, "email"},
		"two addresses":              {identity.NewUser{Email: "ada@example.test,eve@example.test"}, "email"},
		"display name":               {identity.NewUser{Email: "Ada <ada@example.test>"}, "email"},
		"quoted local part":          {identity.NewUser{Email: `"ada lovelace"@example.test`}, "email"},
		"long address":               {identity.NewUser{Email: strings.Repeat("a", 10_000) + "@example.test"}, "email"},
		"address as user name":       {identity.NewUser{Email: ada, Username: "eve@example.test"}, "username"},
		"blank user name":            {identity.NewUser{Email: ada, Username: " "}, "username"},
		"invisible user name":        {identity.NewUser{Email: ada, Username: "ada\u200b"}, "username"},
		"group twice":                {identity.NewUser{Email: ada, Groups: []string{"a", "a"}}, "groups"},
		"claim that Postern sets":    {identity.NewUser{Email: ada, Claims: map[string]any{"sub": "x"}}, "claims.sub"},
		"claim email_verified":       {identity.NewUser{Email: ada, Claims: map[string]any{"email_verified": true}}, "claims.email_verified"},
		"claim with an invalid name": {identity.NewUser{Email: ada, Claims: map[string]any{"a b": "x"}}, "claims.a b"},
		"picture without scheme":     {identity.NewUser{Email: ada, Claims: map[string]any{"picture": "javascript:alert(1)"}}, "claims.picture"},
		"birthdate":                  {identity.NewUser{Email: ada, Claims: map[string]any{"birthdate": "31.1.1990"}}, "claims.birthdate"},
		"zoneinfo":                   {identity.NewUser{Email: ada, Claims: map[string]any{"zoneinfo": "../../etc"}}, "claims.zoneinfo"},
		"verified phone as text":     {identity.NewUser{Email: ada, Claims: map[string]any{"phone_number_verified": "true"}}, "claims.phone_number_verified"},
		"address with other parts":   {identity.NewUser{Email: ada, Claims: map[string]any{"address": map[string]any{"planet": "Earth"}}}, "claims.address"},
		"name that is a number":      {identity.NewUser{Email: ada, Claims: map[string]any{"given_name": 7.0}}, "claims.given_name"},
		"null":                       {identity.NewUser{Email: ada, Claims: map[string]any{"shoe_size": nil}}, "claims.shoe_size"},
	}
	o := openOffice(t, storagetest.SQLite(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := o.Operate.Add(t.Context(), test.user, audit.Operator(), start)
			var fault *identity.InvalidError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, test.field, fault.Field)
		})
	}
	users, err := o.Operate.List(t.Context(), "", 10)
	require.NoError(t, err)
	require.Empty(t, users)
}

func TestAdd(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		claims := map[string]any{
			"given_name": "Ada", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "shoe_size": 38.0,
			"address": map[string]any{"country": "England"}, "phone_number_verified": true, "langs": []any{"en", "fr"},
		}
		user, invitation, err := o.Operate.Add(t.Context(), identity.NewUser{
			Email: ada, EmailVerified: true, Username: "ada", Name: "Ada Example", Admin: true, Groups: []string{"staff"}, Claims: claims,
		}, audit.Administrator("boss", netip.Addr{}), start)
		require.NoError(t, err)
		require.Regexp(t, `^https://id\.example\.test/invite\?ticket=[A-Za-z0-9_-]{43}$`, invitation.URL)
		require.Equal(t, start.Add(72*time.Hour).UTC(), invitation.ExpiresAt.UTC())
		profile, err := o.Operate.Show(t.Context(), "ADA")
		require.NoError(t, err)
		require.Equal(t, user.ID, profile.User.ID)
		require.Equal(t, "Ada Example", profile.User.Claims["name"])
		require.Equal(t, 38.0, profile.User.Claims["shoe_size"])
		require.False(t, profile.HasPassword)
		require.NotContains(t, claims, "name", "the caller's claims are not changed")

		for _, taken := range []identity.NewUser{{Email: "ADA@Example.test"}, {Email: "a@example.test", Username: "\uff21da"}} {
			_, _, err := o.Operate.Add(t.Context(), taken, audit.Operator(), start)
			require.ErrorIs(t, err, storage.ErrConflict)
		}
	})
}

func TestAddWithPassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, _, err := o.Operate.Add(t.Context(), identity.NewUser{Email: ada, Password: "password1"}, audit.Operator(), start)
		var weak *account.WeakPasswordError
		require.ErrorAs(t, err, &weak)
		_, invitation, err := o.Operate.Add(t.Context(), identity.NewUser{Email: ada, Password: adaPassword}, audit.Operator(), start)
		require.NoError(t, err)
		p := o.person()
		half := p.half(start)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled, "a password that an operator knows is not enough to enrol")
		_, err = p.invited(ticketOf(t, invitation), start)
		require.NoError(t, err)
	})
}

// An operation ends everything that was granted before.
func TestOperationsThatEndSessions(t *testing.T) {
	operations := map[string]func(ctx context.Context, o *office, sid string) error{
		"disable": func(ctx context.Context, o *office, _ string) error {
			_, err := o.Operate.Disable(ctx, ada, audit.Operator(), start)
			return err
		},
		"delete": func(ctx context.Context, o *office, _ string) error {
			_, err := o.Operate.Delete(ctx, ada, audit.Operator(), start)
			return err
		},
		"sign out": func(ctx context.Context, o *office, _ string) error {
			_, _, err := o.Operate.SignOut(ctx, ada, audit.Operator(), start)
			return err
		},
		"reset factor": func(ctx context.Context, o *office, _ string) error {
			_, _, err := o.Operate.ResetFactor(ctx, ada, audit.Operator(), start)
			return err
		},
		"end session": func(ctx context.Context, o *office, sid string) error {
			_, err := o.Operate.EndSession(ctx, ada, sid, audit.Operator(), start)
			return err
		},
	}
	for name, operate := range operations {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				_, phone, _ := o.enrolled()
				p := o.person()
				require.NoError(t, p.code(p.half(start), phone.at(start), start))
				signIn, err := p.signIn(start)
				require.NoError(t, err)
				_, sessions, err := o.Operate.Sessions(t.Context(), ada, start)
				require.NoError(t, err)
				require.Equal(t, signIn.ID(), sessions[0].ID)
				require.Equal(t, "192.0.2.0/24", sessions[0].ClientIP)

				require.NoError(t, operate(t.Context(), o, signIn.ID()))
				_, err = p.signIn(start)
				require.ErrorIs(t, err, storage.ErrNotFound)
			})
		})
	}
}

func TestDisabledAccount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		_, err := o.Operate.Disable(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		p := o.person()
		_, err = p.password(start)
		require.Equal(t, account.ErrCredentials, err)
		_, err = o.Operate.Enable(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.NoError(t, p.code(p.half(start), phone.at(start), start))
	})
}

func TestResetFactor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, codes := o.enrolled()
		_, invitation, err := o.Operate.ResetFactor(t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
		require.Equal(t, 1, o.notices.count(account.NoticeFactorReset))
		require.Equal(t, 1, o.events(audit.UserFactorReset))

		half := owner.half(start)
		require.ErrorIs(t, owner.code(half, phone.at(start), start), account.ErrNotEnrolled)
		require.ErrorIs(t, owner.recoveryCode(half, codes[0], start), account.ErrNotEnrolled)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled, "the password alone is not enough to enrol")

		half, err = owner.invited(ticketOf(t, invitation), start)
		require.NoError(t, err)
		who := owner.enroller(half, start)
		fresh, _ := owner.confirmed(who, start)
		require.NotEqual(t, phone.key.Secret, fresh.key.Secret)
		_, err = o.Enrol.AcknowledgeCodes(t.Context(), who, "", owner.visitor, start)
		require.NoError(t, err)
	})
}

func TestInviteOfAnAccountThatIsSetUp(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		_, _, err := o.Operate.Invite(t.Context(), ada, audit.Operator(), start)
		require.ErrorIs(t, err, account.ErrEnrolled)
	})
}

func TestOperationsOnNobody(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	o.enrolled()
	for name, operate := range map[string]func(name string) error{
		"disable": func(name string) error {
			_, err := o.Operate.Disable(t.Context(), name, audit.Operator(), start)
			return err
		},
		"enable": func(name string) error {
			_, err := o.Operate.Enable(t.Context(), name, audit.Operator(), start)
			return err
		},
		"delete": func(name string) error {
			_, err := o.Operate.Delete(t.Context(), name, audit.Operator(), start)
			return err
		},
		"unlock": func(name string) error {
			_, err := o.Operate.Unlock(t.Context(), name, audit.Operator(), start)
			return err
		},
		"invite": func(name string) error {
			_, _, err := o.Operate.Invite(t.Context(), name, audit.Operator(), start)
			return err
		},
		"show": func(name string) error { _, err := o.Operate.Show(t.Context(), name); return err },
		"reset factor": func(name string) error {
			_, _, err := o.Operate.ResetFactor(t.Context(), name, audit.Operator(), start)
			return err
		},
		"sign out": func(name string) error {
			_, _, err := o.Operate.SignOut(t.Context(), name, audit.Operator(), start)
			return err
		},
		"sessions": func(name string) error { _, _, err := o.Operate.Sessions(t.Context(), name, start); return err },
		"end another user's session": func(string) error {
			_, err := o.Operate.EndSession(t.Context(), ada, storage.NewID(), audit.Operator(), start)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, operate("nobody@example.test"), storage.ErrNotFound)
		})
	}
}
