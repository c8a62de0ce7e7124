package mail_test

import (
	"crypto/x509"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/mail/mailtest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// elsewhere returns a configuration that reaches server under the name of another machine.
func elsewhere(t *testing.T, server *mailtest.Server, host string) mail.SMTPConfig {
	t.Helper()
	cfg := smtpTo(server)
	u, err := url.Parse(cfg.URL)
	require.NoError(t, err)
	u.Host = host + ":" + u.Port()
	cfg.URL, cfg.Dial = u.String(), at(server.Address())
	return cfg
}

func TestWaysToTheServer(t *testing.T) {
	const host = "mail.example.test"
	for name, config := range map[string]mailtest.Config{
		"STARTTLS":             {Security: mailtest.STARTTLS, Host: host},
		"STARTTLS and sign-in": {Security: mailtest.STARTTLS, Host: host, User: "postern", Password: "s3cr:t/@%"},
		"TLS":                  {Security: mailtest.TLS, Host: host},
		"TLS and sign-in":      {Security: mailtest.TLS, Host: host, User: "postern@example.test", Password: "s3cr:t"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.StartWith(t, config)
			store := storagetest.Open(t)
			m := queue(t, store)
			run(t, store, elsewhere(t, server, host))
			require.Equal(t, m.Body, server.Wait(t, ada).Text)
		})
	}
	t.Run("this machine, in the clear, with sign-in", func(t *testing.T) {
		server := mailtest.StartWith(t, mailtest.Config{User: "postern", Password: "secret"})
		store := storagetest.Open(t)
		queue(t, store)
		run(t, store, smtpTo(server))
		server.Wait(t, ada)
	})
}

func TestServersThatAreNotTrusted(t *testing.T) {
	const host = "mail.example.test"
	tests := map[string]struct {
		config  mailtest.Config
		host    string
		edit    func(*mail.SMTPConfig)
		failure string
	}{
		"no STARTTLS": {
			mailtest.Config{User: "u", Password: "p"}, host, nil, "the mail server does not offer STARTTLS",
		},
		"certificate of another host, STARTTLS": {
			mailtest.Config{Security: mailtest.STARTTLS, Host: "other.example.test"}, host, nil, "the mail server has no valid certificate",
		},
		"certificate of another host, TLS": {
			mailtest.Config{Security: mailtest.TLS, Host: "other.example.test"}, host, nil, "the mail server has no valid certificate",
		},
		"certificate of an unknown CA": {
			mailtest.Config{Security: mailtest.TLS, Host: host}, host,
			func(cfg *mail.SMTPConfig) { cfg.Roots = x509.NewCertPool() }, "the mail server has no valid certificate",
		},
		"certificate of another host, TLS on this machine": {
			mailtest.Config{Security: mailtest.TLS, Host: host}, "127.0.0.1", nil, "the mail server has no valid certificate",
		},
		"wrong password": {
			mailtest.Config{Security: mailtest.TLS, Host: host, User: "u", Password: "p"}, host,
			func(cfg *mail.SMTPConfig) { cfg.URL = strings.Replace(cfg.URL, "u:p@", "u:q@", 1) }, "the mail server refused the sign-in with 535",
		},
		"no sign-in": {
			mailtest.Config{Security: mailtest.TLS, Host: host}, host,
			func(cfg *mail.SMTPConfig) { cfg.URL = strings.Replace(cfg.URL, "://", "://u:p@", 1) },
			"the mail server offers no sign-in by password",
		},
		"sign-in wanted": {
			mailtest.Config{Security: mailtest.TLS, Host: host, User: "u", Password: "p"}, host,
			func(cfg *mail.SMTPConfig) { cfg.URL = strings.Replace(cfg.URL, "u:p@", "", 1) }, "the mail server refused the sender with 502",
		},
		"TLS with a server that does not use it": {
			mailtest.Config{}, host,
			func(cfg *mail.SMTPConfig) { cfg.URL = strings.Replace(cfg.URL, "smtp:", "smtps:", 1) }, "the mail server failed in TLS",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := mailtest.StartWith(t, test.config)
			cfg := elsewhere(t, server, test.host)
			if test.edit != nil {
				test.edit(&cfg)
			}
			synctest.Test(t, func(t *testing.T) {
				store := storagetest.Open(t)
				m := queue(t, store)
				run(t, store, cfg)
				pass(10 * time.Second)
				require.Equal(t, test.failure, mailOf(t, store, m.ID).Failure)
				require.Zero(t, mailOf(t, store, m.ID).Attempts)
				require.Empty(t, server.Messages())
			})
		})
	}
}

func TestMessageAsItTravels(t *testing.T) {
	server := mailtest.Start(t)
	store := storagetest.Open(t)
	m := queue(t, store, func(m *storage.Mail) {
		m.Subject = "Größe\r\nBcc: eve@example.test\r\n\r\nbody"
		m.Body = "Hello\n.\nFrom: nobody\n" + strings.Repeat("x", 2000) + "\nend\n"
		m.CreatedAt = time.Now().Add(-time.Hour).Truncate(time.Second)
	})
	run(t, store, smtpTo(server))
	got := server.Wait(t, ada)
	require.Equal(t, "postern@example.test", got.From)
	require.Equal(t, "Größe Bcc: eve@example.test body", got.Subject)
	require.Equal(t, m.Body, got.Text)
	require.Equal(t, m.HTML, got.HTML)
	require.Equal(t, `"Postern" <postern@example.test>`, got.Header.Get("From"))
	require.Equal(t, "<ada@example.test>", got.Header.Get("To"))
	require.Equal(t, "<"+m.ID+"@id.example.test>", got.Header.Get("Message-Id"))
	require.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
	require.Equal(t, "en", got.Header.Get("Content-Language"))
	date, err := got.Header.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(m.CreatedAt), date)
	var names []string
	for name := range got.Header {
		names = append(names, name)
	}
	require.ElementsMatch(t, []string{
		"From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Content-Language", "Content-Type", "Mime-Version",
	}, names)
}

func TestRecipientsThatAreNotOnePlainAddress(t *testing.T) {
	server := mailtest.Start(t)
	store := storagetest.Open(t)
	var ids []string
	for _, recipient := range []string{
		"ada@example.test, eve@example.test", "Eve <eve@example.test>", "ada@example.test\r\nRCPT TO:<eve@example.test>",
		"ada@example.test>\r\nBcc: <eve@example.test", "ada", `"a b"@example.test`,
	} {
		ids = append(ids, queue(t, store, func(m *storage.Mail) { m.Recipient = recipient }).ID)
	}
	last := queue(t, store, func(m *storage.Mail) { m.Recipient = "åda@example.test" })
	run(t, store, smtpTo(server))
	server.Wait(t, last.Recipient)
	require.Len(t, server.Messages(), 1)
	for _, id := range ids {
		require.Equal(t, "the mail server was not asked: the recipient is not a plain address", mailOf(t, store, id).Failure)
		require.NotZero(t, mailOf(t, store, id).GivenUpAt)
	}
}

func TestNewSMTPRefusesInvalidConfigs(t *testing.T) {
	for _, edit := range []func(*mail.SMTPConfig){
		func(cfg *mail.SMTPConfig) { cfg.URL = "" },
		func(cfg *mail.SMTPConfig) { cfg.URL = "https://u:secret@mail.example.test" },
		func(cfg *mail.SMTPConfig) { cfg.URL = "smtp://u:secret@:25" },
		func(cfg *mail.SMTPConfig) { cfg.URL = "smtp://u:sec%zzret@mail.example.test" },
		func(cfg *mail.SMTPConfig) { cfg.From = "" },
		func(cfg *mail.SMTPConfig) { cfg.From = "a@example.test, b@example.test" },
		func(cfg *mail.SMTPConfig) { cfg.Issuer = "id.example.test" },
	} {
		cfg := mail.SMTPConfig{URL: "smtp://u:secret@mail.example.test", From: "a@example.test", Issuer: "https://id.example.test"}
		_, err := mail.NewSMTP(cfg)
		require.NoError(t, err)
		edit(&cfg)
		_, err = mail.NewSMTP(cfg)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "ret@")
		require.NotContains(t, err.Error(), "secret")
	}
}
