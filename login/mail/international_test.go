package mail_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/mail/mailtest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestInternationalAddresses(t *testing.T) {
	for name, config := range map[string]mailtest.Config{"ASCII": {ASCII: true}, "SMTPUTF8": {}} {
		t.Run(name, func(t *testing.T) {
			server, store := mailtest.StartWith(t, config), storagetest.Open(t)
			m := queue(t, store, func(m *storage.Mail) { m.Recipient = "ada@bücher.example" })
			cfg := smtpTo(server)
			cfg.From = "Bücher <postern@bücher.example>"
			run(t, store, cfg)
			got := server.Wait(t, "ada@xn--bcher-kva.example")
			require.Equal(t, m.Body, got.Text)
			require.Equal(t, "postern@xn--bcher-kva.example", got.From)
		})
	}
	t.Run("local part", func(t *testing.T) {
		server, store := mailtest.Start(t), storagetest.Open(t)
		queue(t, store, func(m *storage.Mail) { m.Recipient = "jürgen@bücher.example" })
		run(t, store, smtpTo(server))
		server.Wait(t, "jürgen@xn--bcher-kva.example")
	})
	t.Run("local part that the server does not accept", func(t *testing.T) {
		server, store := mailtest.StartWith(t, mailtest.Config{ASCII: true}), storagetest.Open(t)
		m := queue(t, store, func(m *storage.Mail) { m.Recipient = "jürgen@bücher.example" })
		other := queue(t, store)
		run(t, store, smtpTo(server))
		require.Equal(t, other.Body, server.Wait(t, ada).Text)
		given := mailOf(t, store, m.ID)
		require.False(t, given.GivenUpAt.IsZero())
		require.Equal(t, "the mail server takes no address that is not in ASCII", given.Failure)
	})
}
