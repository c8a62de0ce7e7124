package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/keys/keystest"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	adaURI      = "otpauth://totp/Postern:ada%40example.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Postern"
	adaPassword = "correct horse battery staple"
	adaLine     = `{"email":"ada@example.test","email_verified":true,"username":"ada","password":"` + adaPassword + `","totp":["` + adaURI + `"],
		"groups":["staff"],"claims":{"name":"Ada Example","phone_number":"+4912345"}}`
)

// settings returns the settings of a provider on a test's database.
func settings(t testing.TB, db *storagetest.Database, issuer string) config.Config {
	t.Helper()
	keyset, err := db.Keyset.JSON()
	require.NoError(t, err)
	cfg := config.Default()
	cfg.Issuer, cfg.OpsListen = issuer, ""
	cfg.Shutdown.Drain = 0 // there is no load balancer to notice
	cfg.Database.URL, cfg.Database.Migrate, cfg.Secrets.Keyset = config.Secret(db.URL), true, config.Secret(keyset)
	return cfg
}

// newTestApp wires a provider on a database, as another replica would be; it does not listen.
func newTestApp(t testing.TB, db *storagetest.Database, issuer string) *app {
	t.Helper()
	keystest.Provide(t, db.Open(t))
	return newTestAppOf(t, settings(t, db, issuer))
}

// newTestAppOf wires a provider with the given settings.
func newTestAppOf(t testing.TB, cfg config.Config) *app {
	t.Helper()
	cfg.Password.MemoryKiB, cfg.Password.Time = 64, 1 // hundreds of people sign in from one IP, and that is not an attack
	a, err := build(t.Context(), cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.close()) })
	return a
}

// listenAndRun serves a, and others beside it, until the end of the test.
func listenAndRun(t testing.TB, a *app, others ...listener) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	address, err := url.Parse(a.cfg.Issuer)
	require.NoError(t, err)
	a.cfg.Listen = address.Host
	listeners, err := a.listen(ctx)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.run(ctx, append(listeners, others...)) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
}

// addAda adds Ada, with a password and an authenticator.
func addAda(t testing.TB, a *app) {
	t.Helper()
	line := strings.ReplaceAll(adaLine, "\n", " ")
	report, err := a.accounts.Port.Import(t.Context(), strings.NewReader(line), port.ImportOptions{}, audit.Operator(), time.Now())
	require.NoError(t, err, "%+v", report.Faults)
}

// addClient registers a client.
func addClient(t testing.TB, a *app, kind client.Type, redirectURI string, edit func(*client.Metadata)) (id, secret string) {
	t.Helper()
	m := client.Defaults(kind)
	m.Name, m.RedirectURIs = "Example App", []string{redirectURI}
	if edit != nil {
		edit(&m)
	}
	c, secret, err := a.clients.Add(t.Context(), client.Registration{Metadata: m}, operator, time.Now())
	require.NoError(t, err)
	return c.ID, secret
}

// signInAsAda goes through both pages with a code of the time given.
func signInAsAda(t testing.TB, v *browsertest.Visitor, at time.Time) {
	t.Helper()
	v.Fill("username", "ada@example.test")
	v.Fill("password", adaPassword)
	v.Submit("Continue")
	v.Fill("code", browsertest.Code(t, adaURI, at))
	v.Submit("Continue")
}

// tokenRequest sends a token request and returns the string members of the response.
func tokenRequest(t testing.TB, a *app, id, secret string, form url.Values) map[string]string {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, a.cfg.Issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	recorder := httptest.NewRecorder()
	a.public.ServeHTTP(recorder, r)
	require.Equal(t, http.StatusOK, recorder.Code, recorder.Body.String())
	var answer map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer))
	texts := map[string]string{}
	for name, value := range answer {
		if text, ok := value.(string); ok {
			texts[name] = text
		}
	}
	return texts
}

// newQuietLog returns a logger that writes warnings and errors to the test's output.
func newQuietLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
