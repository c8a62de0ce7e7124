package mail_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/mail"
	"github.com/postern-id/postern/login/mail/mailtest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestMessageGoesOutWithinASecondAndIsWiped(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(...storagetest.Interceptor) *storage.Store, server *mailtest.Server) {
		store := open()
		courier, _ := run(t, store, smtpTo(server))
		pass(10 * time.Second)
		m := queue(t, store)
		pass(time.Second)
		require.Len(t, server.Messages(), 1)
		sent := mailOf(t, store, m.ID)
		require.NotZero(t, sent.DeliveredAt)
		require.Empty(t, sent.Body+sent.HTML)
		require.Equal(t, mail.Counts{Sent: 1, Waiting: 1}, courier.Counts(), "one was waiting when the courier last looked")
		pass(time.Minute)
		require.Equal(t, mail.Counts{Sent: 1}, courier.Counts())
		require.Len(t, server.Messages(), 1)
		require.Equal(t, 1, server.Sessions())
	})
}

// No message is lost or sent twice, and waiting messages are sent within a minute after the server is back.
func TestServerDownForAnHour(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(...storagetest.Interceptor) *storage.Store, server *mailtest.Server) {
		stores := []*storage.Store{open(), open()}
		server.Stop()
		for _, store := range stores {
			run(t, store, smtpTo(server))
		}
		var queued []storage.Mail
		for i := range 60 {
			queued = append(queued, queue(t, stores[i%2]))
			pass(time.Minute)
		}
		for _, m := range queued {
			require.Zero(t, mailOf(t, stores[0], m.ID).DeliveredAt)
		}
		server.Restart()
		pass(time.Minute + time.Second)
		requireOnce(t, server, queued)
		pass(10 * time.Minute)
		requireOnce(t, server, queued)
	})
}

// requireOnce requires that the server has got each message once, and nothing else.
func requireOnce(t *testing.T, server *mailtest.Server, queued []storage.Mail) {
	t.Helper()
	arrived := map[string]int{}
	for _, m := range server.Messages() {
		arrived[m.Header.Get("Message-Id")]++
	}
	require.Len(t, arrived, len(queued))
	for _, m := range queued {
		require.Equal(t, 1, arrived["<"+m.ID+"@id.example.test>"])
	}
}

func TestReplicasSendEachMessageOnce(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		server := mailtest.Start(t)
		stores := []*storage.Store{db.Open(t), db.Open(t)}
		var queued []storage.Mail
		for i := range 50 {
			queued = append(queued, queue(t, stores[0], func(m *storage.Mail) { m.Recipient = fmt.Sprintf("p%d@example.test", i) }))
		}
		couriers := make([]*mail.Courier, len(stores))
		for i, store := range stores {
			couriers[i], _ = run(t, store, smtpTo(server))
		}
		for _, m := range queued {
			server.Wait(t, m.Recipient)
		}
		requireOnce(t, server, queued)
		require.Eventually(t, func() bool { return couriers[0].Counts().Sent+couriers[1].Counts().Sent == 50 }, 10*time.Second, 10*time.Millisecond)
	})
}

func TestCourierDiesAfterClaiming(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(...storagetest.Interceptor) *storage.Store, server *mailtest.Server) {
		store := open()
		m := queue(t, store)
		held, err := store.Lease("mail", 2*time.Minute).Take(t.Context(), time.Now())
		require.NoError(t, err)
		require.True(t, held)
		_, err = store.Outbox.Claim(t.Context(), time.Now().Add(5*time.Minute), time.Now())
		require.NoError(t, err)
		run(t, store, smtpTo(server))
		other := queue(t, store)
		pass(2*time.Minute + time.Second)
		requireOnce(t, server, []storage.Mail{other})
		pass(3*time.Minute - 2*time.Second)
		requireOnce(t, server, []storage.Mail{other})
		pass(2 * time.Second)
		requireOnce(t, server, []storage.Mail{other, m})
	})
}

func TestHopelessMessagesAreGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(...storagetest.Interceptor) *storage.Store, server *mailtest.Server) {
		store := open()
		server.Stop()
		courier, _ := run(t, store, smtpTo(server))
		link := queue(t, store, func(m *storage.Mail) { m.ExpiresAt = time.Now().Add(5 * time.Minute) })
		pass(5 * time.Minute)
		server.Restart()
		pass(time.Minute)
		expired := mailOf(t, store, link.ID)
		require.Equal(t, "the link in it has expired", expired.Failure)
		require.NotZero(t, expired.GivenUpAt)
		require.Empty(t, expired.Body+expired.HTML)

		server.Stop()
		old := queue(t, store, func(m *storage.Mail) { m.CreatedAt = time.Now().Add(-71*time.Hour - 59*time.Minute) })
		fresh := queue(t, store)
		pass(3 * time.Minute)
		given := mailOf(t, store, old.ID)
		require.Equal(t, "it is too old; at last the mail server could not be reached", given.Failure)
		require.NotZero(t, given.GivenUpAt)
		require.Equal(t, int64(2), courier.Counts().GivenUp)
		server.Restart()
		pass(10 * time.Minute)
		requireOnce(t, server, []storage.Mail{fresh})
	})
}

// A refusal of one message does not delay the others.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		stage   mailtest.Stage
		code    int
		failure string
		after   time.Duration // of the second attempt; 0 if there is no second one
	}{
		{mailtest.Greeting, 421, "the mail server failed in its greeting with 421", 5 * time.Second},
		{mailtest.Greeting, 554, "the mail server failed in its greeting with 554", 5 * time.Second},
		{mailtest.Sender, 451, "the mail server refused the sender with 451", 5 * time.Second},
		{mailtest.Sender, 550, "the mail server refused the sender with 550", 5 * time.Second},
		{mailtest.Recipient, 421, "the mail server refused the recipient with 421", 5 * time.Second},
		{mailtest.Recipient, 450, "the mail server refused the recipient with 450", 10 * time.Second},
		{mailtest.Recipient, 530, "the mail server refused the recipient with 530", 5 * time.Second},
		{mailtest.Recipient, 550, "the mail server refused the recipient with 550", 0},
		{mailtest.Content, 452, "the mail server refused the content with 452", 10 * time.Second},
		{mailtest.Content, 554, "the mail server refused the content with 554", 0},
	} {
		t.Run(test.failure, func(t *testing.T) {
			server := mailtest.Start(t)
			synctest.Test(t, func(t *testing.T) {
				store := storagetest.Open(t)
				server.RefuseOnce(test.stage, test.code, 1)
				first := queue(t, store)
				run(t, store, smtpTo(server))
				synctest.Wait()
				refused := mailOf(t, store, first.ID)
				require.Equal(t, test.failure, refused.Failure)
				require.NotContains(t, refused.Failure, "@")
				second := queue(t, store)
				if test.after == 0 {
					require.NotZero(t, refused.GivenUpAt)
					pass(15 * time.Minute)
					requireOnce(t, server, []storage.Mail{second})
					return
				}
				require.WithinDuration(t, first.CreatedAt.Add(test.after), refused.NextAttemptAt.Time, time.Millisecond)
				pass(test.after - time.Millisecond)
				require.Zero(t, mailOf(t, store, first.ID).DeliveredAt)
				pass(2 * time.Second)
				requireOnce(t, server, []storage.Mail{first, second})
				require.Empty(t, mailOf(t, store, first.ID).Failure)
			})
		})
	}
}

func TestWaitsGrow(t *testing.T) {
	server := mailtest.Start(t)
	server.Refuse(mailtest.Recipient, 450)
	synctest.Test(t, func(t *testing.T) {
		store := storagetest.Open(t)
		m := queue(t, store, func(m *storage.Mail) { m.CreatedAt = time.Now().Add(-68 * time.Hour) })
		courier, _ := run(t, store, smtpTo(server))
		var waits []string
		for range 10 {
			synctest.Wait()
			wait := time.Until(mailOf(t, store, m.ID).NextAttemptAt.Time)
			waits = append(waits, wait.Round(5*time.Second).String())
			pass(wait + time.Second)
		}
		require.Equal(t, []string{"10s", "30s", "1m0s", "2m0s", "5m0s", "10m0s", "30m0s", "1h0m0s", "1h0m0s", "1h0m0s"}, waits)
		require.Equal(t, mail.Counts{Failed: 11, Waiting: 1}, courier.Counts())
		pass(time.Hour + time.Minute)
		require.Equal(t, "it is too old; at last the mail server refused the recipient with 450", mailOf(t, store, m.ID).Failure)
		require.Equal(t, int64(1), courier.Counts().GivenUp)
	})
}

// If a server hangs, the courier disconnects after a while, and the message waits for its next attempt. This test runs in real time.
func TestServerThatHangs(t *testing.T) {
	for name, stage := range map[string]mailtest.Stage{
		"greeting": mailtest.Greeting, "sender": mailtest.Sender, "recipient": mailtest.Recipient, "content": mailtest.Content,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t)
			server.Hang(stage)
			store := storagetest.Open(t)
			first := queue(t, store)
			run(t, store, smtpTo(server))
			require.Eventually(t, func() bool {
				return mailOf(t, store, first.ID).Failure == "the mail server did not answer in time"
			}, 20*time.Second, 10*time.Millisecond)
			hung := mailOf(t, store, first.ID)
			if stage == mailtest.Content {
				require.Equal(t, 1, hung.Attempts, "it may have been taken")
			} else {
				require.Zero(t, hung.Attempts)
			}
			server.Accept()
			server.Wait(t, ada)
		})
	}
}

// A message that was sent is recorded as soon as the database can be written again, and not sent a second time.
func TestSentButNotNoted(t *testing.T) {
	inBubble(t, func(t *testing.T, open func(...storagetest.Interceptor) *storage.Store, server *mailtest.Server) {
		var faults storagetest.Faults
		store, other := open(faults.Intercept), open()
		m := queue(t, other)
		_, stop := run(t, store, smtpTo(server))
		faults.Fail(5, false, storage.ErrUnavailable)
		pass(10 * time.Minute)
		requireOnce(t, server, []storage.Mail{m})
		require.NotZero(t, mailOf(t, other, m.ID).DeliveredAt)
		stop()
	})
}
