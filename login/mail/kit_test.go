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

// smtpTo returns a configuration for server.
func smtpTo(server *mailtest.Server) mail.SMTPConfig {
	return mail.SMTPConfig{
		URL: server.URL(), From: "Postern <postern@example.test>", Issuer: "https://id.example.test", Roots: server.Roots(), Patience: patient,
	}
}

// run runs another courier until the end of the test, as another replica would.
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

// queue adds a message to Ada to the outbox.
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

// mailOf returns a message of the outbox.
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

// inBubble runs body on both databases, in virtual time, which stops while the courier waits for the server outside the bubble. The schema
// is also created outside, because a test in another bubble may hold PostgreSQL's lock for it.
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

// pass lets time pass, and waits until everything that is due then is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// at returns a dialer that always connects to the test's server, so that a name can stand for a server on another machine.
func at(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
