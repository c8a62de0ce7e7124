package mail_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

var _ account.Notices = (*mail.Notices)(nil)

var now = storagetest.Now

func TestNotices(t *testing.T) {
	const link = "https://id.example.test/invite?ticket=secret&x=1"
	expires := now.Add(72 * time.Hour)
	to := storage.User{Email: "ada@example.test", Claims: storage.Claims{"name": "Ada & Co"}}
	tests := map[string]struct {
		send    func(context.Context, *mail.Notices) error
		subject string
		body    []string
	}{
		"invitation": {
			func(ctx context.Context, n *mail.Notices) error { return n.Invitation(ctx, to, link, expires, now) },
			"Your invitation to Example", []string{"Hello Ada & Co,", "\n" + link + "\n", "4 March 2026, 12:00 UTC"},
		},
		"factor reset": {
			func(ctx context.Context, n *mail.Notices) error { return n.FactorReset(ctx, to, link, expires, now) },
			"Your authenticator at Example was reset", []string{"\n" + link + "\n", "1 March 2026, 12:00 UTC"},
		},
		"wrong codes": {
			func(ctx context.Context, n *mail.Notices) error { return n.WrongCodes(ctx, to, 5, false, now) },
			"Wrong codes for your account at Example", []string{"5 wrong codes in a row"},
		},
		"factor closed": {
			func(ctx context.Context, n *mail.Notices) error { return n.WrongCodes(ctx, to, 100, true, now) },
			"Wrong codes for your account at Example", []string{"100 wrong codes in a row", "not accepted any more"},
		},
		"recovery code used": {
			func(ctx context.Context, n *mail.Notices) error { return n.RecoveryCodeUsed(ctx, to, 1, now) },
			"A recovery code for Example was used", []string{"1\nrecovery code left", "https://id.example.test/account"},
		},
		"authenticator added": {
			func(ctx context.Context, n *mail.Notices) error { return n.AuthenticatorAdded(ctx, to, false, now) },
			"An authenticator was connected to Example", []string{"a new authenticator app was connected"},
		},
		"authenticator replaced": {
			func(ctx context.Context, n *mail.Notices) error { return n.AuthenticatorAdded(ctx, to, true, now) },
			"Your authenticator at Example was replaced", []string{"It replaces the earlier ones"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store := storagetest.Open(t)
			notices, err := mail.New(mail.Config{Store: store, Brand: "Example", AccountURL: "https://id.example.test/account"})
			require.NoError(t, err)
			require.NoError(t, test.send(t.Context(), notices))
			mails, err := store.Mails(t.Context(), 10)
			require.NoError(t, err)
			require.Len(t, mails, 1)
			require.Equal(t, to.Email, mails[0].Recipient)
			require.Equal(t, test.subject, mails[0].Subject)
			for _, part := range test.body {
				require.Contains(t, mails[0].Body, part)
			}
			require.NotContains(t, mails[0].Body, "<no value>")
			require.NotContains(t, mails[0].Body, "&amp;", "plain text is not escaped")
		})
	}
}

func TestMailGoesWithItsTransaction(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		store := open()
		notices, err := mail.New(mail.Config{Store: store, AccountURL: "https://id.example.test/account"})
		require.NoError(t, err)
		undone := errors.New("undone")
		err = store.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, notices.WrongCodes(ctx, storage.User{Email: "ada@example.test"}, 5, false, now))
			return undone
		})
		require.ErrorIs(t, err, undone)
		mails, err := store.Mails(t.Context(), 10)
		require.NoError(t, err)
		require.Empty(t, mails)
	})
}

func TestBrandAddsNoHeaderLine(t *testing.T) {
	store := storagetest.Open(t)
	notices, err := mail.New(mail.Config{Store: store, Brand: "Example\r\nBcc: eve@example.test", AccountURL: "https://id.example.test/account"})
	require.NoError(t, err)
	require.NoError(t, notices.WrongCodes(t.Context(), storage.User{Email: "ada@example.test"}, 5, false, now))
	mails, err := store.Mails(t.Context(), 10)
	require.NoError(t, err)
	require.NotContains(t, mails[0].Subject, "\n")
	require.NotContains(t, mails[0].Subject, "\r")
}

func TestNewRefusesHalfAConfig(t *testing.T) {
	_, err := mail.New(mail.Config{})
	require.Error(t, err)
}
