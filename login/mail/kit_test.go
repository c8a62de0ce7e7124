package mail_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/mail/mailtest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	ada     = "ada@example.test"
	patient = 300 * time.Millisecond
)

// smtpTo is the configuration that reaches server.
func smtpTo(server *mailtest.Server) mail.SMTPConfig {
	return mail.SMTPConfig{
		URL: server.URL(), From: "Postern <postern@example.test>", Issuer: "https://id.example.test", Roots: server.Roots(), Patience: patient,
	}
}

// run delivers until the end of the test, as another replica would.
func run(t *testing.T, store *storage.Store, cfg mail.SMTPConfig) (courier *mail.Courier, stop func()) {
	t.Helper()
	transport, err := mail.NewSMTP(cfg)
	require.NoError(t, err)
	courier = mail.NewCourier(store, transport, slog.New(slog.NewTextHandler(t.Output(), nil)))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- courier.Run(ctx) }()
	ended := false
	stop = func() {
		cancel()
		if !ended {
			ended = true
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return courier, stop
}

// queue files a message to Ada.
func queue(t *testing.T, store *storage.Store, edit ...func(*storage.Mail)) storage.Mail {
	t.Helper()
	m := storage.Mail{
		ID: storage.NewID(), Recipient: ada, Subject: "Grüße", Body: "Hello\n\nhttps://id.example.test/x?ticket=secret&y=1\n",
		HTML: `<p lang="en">Hello</p>`, Language: "en", CreatedAt: time.Now(),
	}
	for _, e := range edit {
		e(&m)
	}
	require.NoError(t, store.Outbox.Add(t.Context(), m))
	return m
}

// mailOf reads a message of the outbox.
func mailOf(t *testing.T, store *storage.Store, id string) storage.Mail {
	t.Helper()
	mails, err := store.Outbox.List(t.Context(), 1000)
	require.NoError(t, err)
	for _, m := range mails {
		if m.ID == id {
			return m
		}
	}
	require.FailNow(t, "no such message")
	return storage.Mail{}
}

// inBubble runs body on both databases, in virtual time that stands still while the server outside of the bubble is asked. The schema
// is made outside too: PostgreSQL's lock for it may be with another test, which has time of its own.
func inBubble(t *testing.T, body func(t *testing.T, open func(...storagetest.Interceptor) *storage.Store, server *mailtest.Server)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		server := mailtest.Start(t)
		db.Open(t)
		synctest.Test(t, func(t *testing.T) {
			body(t, func(interceptors ...storagetest.Interceptor) *storage.Store {
				return storagetest.Unlock(t, db.OpenLocked(t, interceptors...))
			}, server)
		})
	})
}

// pass lets time pass and everything happen that is due by then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// at dials the test's server whatever the name: a server off the loopback address.
func at(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
