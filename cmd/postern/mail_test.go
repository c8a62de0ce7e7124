package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/mail/mailtest"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// While its mail server is down, a provider works as always; the messages arrive when it is back.
func TestMailArrives(t *testing.T) {
	server := mailtest.StartWith(t, mailtest.Config{User: "postern", Password: "secret"})
	cfg := settings(t, storagetest.SQLite(t), "http://"+freeAddress(t))
	cfg.Registration = "invite" // every person who is added gets mail
	cfg.SMTP = config.SMTP{URL: config.Secret(server.URL()), From: "Example <id@example.test>"}
	require.NoError(t, cfg.Validate())
	a, err := build(t.Context(), cfg, newQuietLog(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.close()) })
	server.Stop()
	listenAndRun(t, a)
	_, invitation, err := a.accounts.Operate.Add(t.Context(), identity.NewUser{Email: "bob@example.test"}, audit.Operator(), time.Now())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return a.courier.Counts().Failed > 0 }, 20*time.Second, 10*time.Millisecond)
	answer, err := http.Get(cfg.Issuer + "/readyz")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)

	server.Restart()
	message := server.Wait(t, "bob@example.test")
	require.Equal(t, "id@example.test", message.From)
	require.Equal(t, invitation.URL, message.Link())
	require.Eventually(t, func() bool { return a.courier.Counts().Sent == 1 }, 10*time.Second, 10*time.Millisecond)
	recorder := httptest.NewRecorder()
	a.metrics.handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{"postern_mail_sent_total 1", "postern_mail_given_up_total 0", "postern_mail_failed_attempts_total ", "postern_mail_waiting "} {
		require.Contains(t, recorder.Body.String(), "\n"+line)
	}
}

// Without a mail server, messages are written nevertheless, for postern demo to show.
func TestNoMailServer(t *testing.T) {
	cfg := settings(t, storagetest.SQLite(t), "http://localhost:4280")
	cfg.Registration = "invite"
	a, err := build(t.Context(), cfg, newQuietLog(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.close()) })
	require.Nil(t, a.courier)
	_, invitation, err := a.accounts.Operate.Add(t.Context(), identity.NewUser{Email: "bob@example.test"}, audit.Operator(), time.Now())
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	mailbox{a.store, a.log}.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/mailbox", nil))
	require.Contains(t, recorder.Body.String(), strings.ReplaceAll(invitation.URL, "&", "&amp;"))
}
