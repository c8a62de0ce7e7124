package main

import (
	"bytes"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestDumpHoldsNoUsableSecret fills a database through every way by which Postern hands out secrets and looks for each of them,
// in every spelling, in everything that is stored and in everything that was logged.
func TestDumpHoldsNoUsableSecret(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var log bytes.Buffer
		a, err := build(t.Context(), settings(t, db, "http://localhost:4280"),
			slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		require.NoError(t, err)
		secrets := handOutEverything(t, a)
		require.NoError(t, a.close())

		stored := dump(t, db)
		require.Greater(t, len(stored), 10_000)
		require.Contains(t, string(stored), "ada@example.test", "the dump is one")
		for name, secret := range secrets {
			require.GreaterOrEqual(t, len(secret), 6, name)
			for _, spelling := range spellings(secret) {
				require.False(t, bytes.Contains(stored, spelling), "the database holds the %s", name)
				require.False(t, bytes.Contains(log.Bytes(), spelling), "the log holds the %s", name)
			}
		}

		other, err := storage.NewKeyset()
		require.NoError(t, err)
		stranger := (&storagetest.Database{URL: db.URL, Keyset: other}).OpenLocked(t)
		_, err = stranger.Unlock(t.Context())
		require.ErrorIs(t, err, storage.ErrSealed)
	})
}

// handOutEverything goes through enrolment, sign-in, consent, redemption and refresh, and returns each secret by its name.
func handOutEverything(t *testing.T, a *app) map[string]string {
	now := time.Now()
	_, invitation, err := a.accounts.Operate.Add(t.Context(), identity.NewUser{Email: "ada@example.test"}, audit.Operator(), now)
	require.NoError(t, err)
	id, clientSecret := addClient(t, a, client.Web, "http://localhost:4281/callback", nil)
	ticket, err := url.Parse(invitation.URL)
	require.NoError(t, err)
	found := map[string]string{
		"ticket": ticket.Query().Get("ticket"), "password": demoPassword, "client secret": clientSecret,
	}
	v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": a.public, "localhost:4281": http.NotFoundHandler()})
	v.Open(invitation.URL)
	v.Fill("new_password", demoPassword)
	v.Submit("Save and continue")
	found["cookie of the half-done sign-in"] = v.Cookie("postern_signin")
	uri := v.Link("Open in an app on this device")
	at, err := url.Parse(uri)
	require.NoError(t, err)
	found["authenticator key"] = at.Query().Get("secret")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(found["authenticator key"])
	require.NoError(t, err)
	found["authenticator key, raw"] = string(raw)
	v.Fill("code", browsertest.Code(t, uri, now))
	v.Submit("Confirm")
	for i, code := range recoveryCodesIn(v.Text()) {
		found[fmt.Sprintf("recovery code %d", i)] = code
		found[fmt.Sprintf("recovery code %d without hyphen", i)] = strings.ReplaceAll(code, "-", "")
	}
	v.Check("saved")
	v.Submit("Continue")
	for name, cookie := range map[string]string{
		"session cookie": "postern_session", "browser cookie": "postern_browser", "device cookie": "postern_device",
	} {
		if found[name] = v.Cookie(cookie); found[name] == "" {
			delete(found, name) // the browser cookie comes with the first flow
		}
	}
	for name, secret := range takeTokens(t, a, v, id, clientSecret) {
		found[name] = secret
		sendToWrongPlaces(t, a, id, secret)
	}
	sendToWrongPlaces(t, a, id, clientSecret)
	found["browser cookie"] = v.Cookie("postern_browser")
	found["keyset"] = a.cfg.Secrets.Keyset.Reveal()
	return found
}

// sendToWrongPlaces acts as an app that puts secrets where they do not belong. Refused requests are logged with the parameters that were
// received.
func sendToWrongPlaces(t *testing.T, a *app, id, secret string) {
	t.Helper()
	send := func(method, path string, form url.Values, user, password string) {
		r := httptest.NewRequest(method, "http://localhost:4280"+path+"?"+form.Encode(), nil)
		if method == http.MethodPost {
			r = httptest.NewRequest(method, "http://localhost:4280"+path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		w := httptest.NewRecorder()
		a.public.ServeHTTP(w, r)
	}
	good := authorizeParams(id)
	for name := range good {
		if name == "state" || name == "nonce" {
			continue // the app's own, and kept as long as the request
		}
		form := maps.Clone(good)
		form.Set(name, secret)
		send(http.MethodGet, "/oauth2/auth", form, "", "")
		form.Set(name, good.Get("redirect_uri")+"?code="+secret+"#"+secret)
		send(http.MethodGet, "/oauth2/auth", form, "", "")
	}
	for _, name := range []string{"claims", "prompt", "max_age", "response_mode", "request", "request_uri", "post_logout_redirect_uri"} {
		form := maps.Clone(good)
		form.Set(name, secret)
		send(http.MethodGet, "/oauth2/auth", form, "", "")
		send(http.MethodGet, "/oauth2/logout", form, "", "")
	}
	for _, name := range []string{"client_id", "client_secret", "client_assertion", "grant_type", "code", "refresh_token", "redirect_uri", "scope", "token"} {
		for _, path := range []string{"/oauth2/token", "/oauth2/par", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device_authorization"} {
			form := url.Values{"client_id": {id}, "grant_type": {"authorization_code"}}
			form.Set(name, secret)
			send(http.MethodPost, path, form, "", "")
			send(http.MethodPost, path, form, id, secret)
			send(http.MethodPost, path, form, secret, id)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://localhost:4280/userinfo", nil)
	r.Header.Set("Authorization", "Bearer x"+secret)
	a.public.ServeHTTP(httptest.NewRecorder(), r)
}

// takeTokens lets the app get every kind of token.
func takeTokens(t *testing.T, a *app, v *browsertest.Visitor, id, secret string) map[string]string {
	form := authorizeParams(id)
	form.Set("scope", "openid offline_access")
	form.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") // RFC 7636 appendix B
	v.Open("http://localhost:4280/oauth2/auth?" + form.Encode())
	v.Submit("Allow")
	arrived, err := url.Parse(v.URL())
	require.NoError(t, err)
	code := arrived.Query().Get("code")
	first := tokenRequest(t, a, id, secret, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"http://localhost:4281/callback"},
		"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	})
	second := tokenRequest(t, a, id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"]}})
	return map[string]string{
		"authorization code": code, "access token": first["access_token"], "refresh token": first["refresh_token"],
		"ID token": first["id_token"], "second refresh token": second["refresh_token"], "second access token": second["access_token"],
	}
}

// spellings are the forms in which a secret could be found again.
func spellings(secret string) [][]byte {
	raw := []byte(secret)
	return [][]byte{
		raw, []byte(hex.EncodeToString(raw)), []byte(strings.ToUpper(hex.EncodeToString(raw))), []byte(url.QueryEscape(secret)),
		[]byte(base64.RawStdEncoding.EncodeToString(raw)), []byte(base64.RawURLEncoding.EncodeToString(raw)),
	}
}

// dump returns every value of every table, and for SQLite also the raw files.
func dump(t *testing.T, db *storagetest.Database) []byte {
	var all bytes.Buffer
	query := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if db.Postgres() {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	connection := db.SQL(t)
	rows, err := connection.Query(query)
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	for _, table := range tables {
		dumpTable(t, connection, table, &all)
	}
	if path, ok := strings.CutPrefix(db.URL, "sqlite:"); ok {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			if !os.IsNotExist(err) {
				require.NoError(t, err)
			}
			all.Write(content)
		}
	}
	return all.Bytes()
}

func dumpTable(t *testing.T, connection *sql.DB, table string, all *bytes.Buffer) {
	rows, err := connection.Query(`SELECT * FROM ` + table)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new([]byte)
		}
		require.NoError(t, rows.Scan(values...))
		for _, value := range values {
			all.Write(*value.(*[]byte))
			all.WriteByte('\n')
		}
	}
	require.NoError(t, rows.Err())
}
