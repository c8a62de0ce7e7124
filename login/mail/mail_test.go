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
	"github.com/postern-id/postern/templates"
)

var _ account.Notices = (*mail.Notices)(nil)

var now = storagetest.Now

func wordsOf(t *testing.T, brand string) *templates.Mails {
	t.Helper()
	words, err := templates.NewMails(templates.MailConfig{Brand: templates.Brand{Name: brand}, AccountURL: "https://id.example.test/account"})
	require.NoError(t, err)
	return words
}

func TestNotices(t *testing.T) {
	const link = "https://id.example.test/invite?ticket=secret&x=1"
	expires := now.Add(72 * time.Hour)
	to := storage.User{Email: "ada@example.test", Claims: storage.Claims{"name": "Ada & Co"}}
	tests := map[account.NoticeKind]struct {
		notice  account.Notice
		subject string
		body    []string
	}{
		account.NoticeInvitation: {
			account.Notice{Link: link, Expires: expires},
			"Your invitation to Example", []string{"Hello Ada & Co,", "\n" + link + "\n", "2026-03-04 12:00 UTC"},
		},
		account.NoticeFactorReset: {
			account.Notice{Link: link, Expires: expires},
			"Your authenticator at Example was reset", []string{"\n" + link + "\n", "2026-03-01 12:00 UTC"},
		},
		account.NoticeExposed:      {account.Notice{Count: 5}, "Somebody knows your password at Example", []string{"5 wrong codes in a row"}},
		account.NoticeFactorClosed: {account.Notice{Count: 100}, "", []string{"100 wrong codes in a row", "not accepted any more"}},
		account.NoticeRecoveryCodeUsed: {
			account.Notice{Count: 1}, "A recovery code for Example was used", []string{"1 recovery code is left", "https://id.example.test/account"},
		},
		account.NoticeEmailAnnounced: {account.Notice{Email: "new@example.test"}, "", []string{"new@example.test"}},
	}
	for _, kind := range account.NoticeKinds() {
		test := tests[kind]
		test.notice.Kind = kind
		t.Run(string(kind), func(t *testing.T) {
			store := storagetest.Open(t)
			notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: wordsOf(t, "Example")})
			require.NoError(t, err)
			require.NoError(t, notices.Send(t.Context(), to, test.notice, now))
			mails, err := store.Outbox.List(t.Context(), 10)
			require.NoError(t, err)
			require.Len(t, mails, 1)
			require.Equal(t, to.Email, mails[0].Recipient)
			require.NotEmpty(t, mails[0].Subject)
			if test.subject != "" {
				require.Equal(t, test.subject, mails[0].Subject)
			}
			for _, part := range test.body {
				require.Contains(t, mails[0].Body, part)
			}
			require.NotContains(t, mails[0].Body, "&amp;", "plain text is not escaped")
			require.Contains(t, mails[0].HTML, `<html lang="en" dir="ltr">`)
			require.Equal(t, "en", mails[0].Language)
			require.Equal(t, test.notice.Expires, mails[0].ExpiresAt)
		})
	}
}

func TestMailIsInTheLanguageOfTheReader(t *testing.T) {
	store := storagetest.Open(t)
	notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: wordsOf(t, "Example")})
	require.NoError(t, err)
	now := now
	for locale, want := range map[any]string{"ar-EG": "ar", "de": "de", "sw": "en", "": "en", 7: "en"} {
		to := storage.User{Email: "ada@example.test", Claims: storage.Claims{"locale": locale}}
		require.NoError(t, notices.Send(t.Context(), to, account.Notice{Kind: account.NoticePasswordChanged}, now))
		mails, err := store.Outbox.List(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, want, mails[0].Language, locale)
		now = now.Add(time.Second)
	}
}

func TestMailIsQueuedInTheTransaction(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		store := open()
		notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: wordsOf(t, "Example")})
		require.NoError(t, err)
		undone := errors.New("undone")
		err = store.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, notices.Send(ctx, storage.User{Email: "ada@example.test"}, account.Notice{Kind: account.NoticeExposed}, now))
			return undone
		})
		require.ErrorIs(t, err, undone)
		mails, err := store.Outbox.List(t.Context(), 10)
		require.NoError(t, err)
		require.Empty(t, mails)
	})
}

func TestBrandAddsNoHeaderLine(t *testing.T) {
	store := storagetest.Open(t)
	notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: wordsOf(t, "Example\r\nBcc: eve@example.test")})
	require.NoError(t, err)
	require.NoError(t, notices.Send(t.Context(), storage.User{Email: "ada@example.test"}, account.Notice{Kind: account.NoticeExposed}, now))
	mails, err := store.Outbox.List(t.Context(), 10)
	require.NoError(t, err)
	require.NotContains(t, mails[0].Subject, "\n")
	require.NotContains(t, mails[0].Subject, "\r")
}

func TestNewRefusesAnIncompleteConfig(t *testing.T) {
	_, err := mail.New(mail.Config{})
	require.Error(t, err)
}

// A message to a user without an e-mail address takes the same work and is not sent.
func TestMailToNobody(t *testing.T) {
	counter := &storagetest.Counter{}
	store := storagetest.SQLite(t).Open(t, counter.Intercept)
	notices, err := mail.New(mail.Config{Outbox: store.Outbox, Words: wordsOf(t, "Example")})
	require.NoError(t, err)
	var texts [2][]string
	for i, to := range []storage.User{{}, {Email: "ada@example.test"}} {
		counter.Reset()
		require.NoError(t, notices.Send(t.Context(), to, account.Notice{Kind: account.NoticePasswordReset}, now))
		texts[i] = counter.Texts()
	}
	require.Equal(t, texts[1], texts[0])
	mails, err := store.Outbox.List(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, mails, 1)
	require.Equal(t, "ada@example.test", mails[0].Recipient)
}
