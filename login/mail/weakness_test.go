package mail_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/mail/mailtest"
	"github.com/postern-id/postern/storage/storagetest"
)

// The setting smtp.tls applies to servers on other machines.
func TestWeakerEncryption(t *testing.T) {
	const host = "mail.example.test"
	for name, test := range map[string]struct {
		tls       mail.TLS
		config    mailtest.Config
		delivered bool
	}{
		"none, plain":                       {mail.TLSNone, mailtest.Config{}, true},
		"none, plain with a password":       {mail.TLSNone, mailtest.Config{User: "u", Password: "p"}, true},
		"none, server wants STARTTLS":       {mail.TLSNone, mailtest.Config{Security: mailtest.STARTTLS, Host: host}, false},
		"opportunistic, plain":              {mail.TLSOpportunistic, mailtest.Config{}, true},
		"opportunistic, STARTTLS":           {mail.TLSOpportunistic, mailtest.Config{Security: mailtest.STARTTLS, Host: host, User: "u", Password: "p"}, true},
		"opportunistic, another name":       {mail.TLSOpportunistic, mailtest.Config{Security: mailtest.STARTTLS, Host: "other.example.test"}, true},
		"required, plain":                   {mail.TLSRequired, mailtest.Config{}, false},
		"unless said otherwise, plain":      {"", mailtest.Config{}, false},
		"unless said otherwise, other name": {"", mailtest.Config{Security: mailtest.STARTTLS, Host: "other.example.test"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.StartWith(t, test.config)
			cfg := elsewhere(t, server, host)
			cfg.TLS = test.tls
			synctest.Test(t, func(t *testing.T) {
				store := storagetest.Open(t)
				queue(t, store)
				run(t, store, cfg)
				pass(5 * time.Second)
				require.Equal(t, test.delivered, len(server.Messages()) == 1)
			})
		})
	}
}

func TestSignInByToken(t *testing.T) {
	const host = "smtp.example.test"
	server := mailtest.StartWith(t, mailtest.Config{Security: mailtest.STARTTLS, Host: host, User: "id@example.test", Token: "ya29.fresh"})
	file := filepath.Join(t.TempDir(), "token")
	write := func(t *testing.T, text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	by := func(token mail.Token) mail.SMTPConfig {
		cfg := elsewhere(t, server, host)
		cfg.Token = token
		return cfg
	}
	for name, token := range map[string]mail.Token{"file": mail.TokenFile(file), "command": mail.TokenCommand("cat " + file)} {
		t.Run(name, func(t *testing.T) {
			write(t, "ya29.fresh\r\n")
			store := storagetest.Open(t)
			m := queue(t, store)
			run(t, store, by(token))
			require.Equal(t, m.Body, server.Wait(t, ada).Text)
		})
	}
	t.Run("read at each connection", func(t *testing.T) {
		write(t, "ya29.stale")
		before := len(server.Messages())
		synctest.Test(t, func(t *testing.T) {
			store := storagetest.Open(t)
			m := queue(t, store)
			run(t, store, by(mail.TokenFile(file)))
			pass(3 * time.Second)
			require.Equal(t, "the mail server refused the sign-in with 535", mailOf(t, store, m.ID).Failure)
			write(t, "ya29.fresh")
			pass(time.Minute)
			require.Len(t, server.Messages(), before+1)
		})
	})
	for name, test := range map[string]struct {
		token   mail.Token
		failure string
	}{
		"no file":         {mail.TokenFile(file + "x"), "the mail server was not asked: the file with the token cannot be read or is empty"},
		"failing command": {mail.TokenCommand("false"), "the mail server was not asked: the command for the token failed or printed nothing"},
		"silent command":  {mail.TokenCommand("true"), "the mail server was not asked: the command for the token failed or printed nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := storagetest.Open(t)
				m := queue(t, store)
				run(t, store, by(test.token))
				pass(3 * time.Second)
				require.Equal(t, test.failure, mailOf(t, store, m.ID).Failure)
			})
		})
	}
	t.Run("server without XOAUTH2", func(t *testing.T) {
		other := mailtest.StartWith(t, mailtest.Config{Security: mailtest.STARTTLS, Host: host, User: "u", Password: "p"})
		cfg := elsewhere(t, other, host)
		cfg.Token = mail.TokenFile(file)
		synctest.Test(t, func(t *testing.T) {
			store := storagetest.Open(t)
			m := queue(t, store)
			run(t, store, cfg)
			pass(3 * time.Second)
			require.Equal(t, "the mail server offers no sign-in by XOAUTH2", mailOf(t, store, m.ID).Failure)
		})
	})
	cfg := by(mail.TokenFile(file))
	cfg.TLS = mail.TLSNone
	_, err := mail.NewSMTP(cfg)
	require.Error(t, err, "a token is never sent where somebody in between could read it")
}
