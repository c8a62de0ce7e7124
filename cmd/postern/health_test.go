package main

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/storage/storagetest"
)

// checksOf asks the operators' listener.
func checksOf(t *testing.T, a *app) (status int, checks map[string]string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	a.ops.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var answer struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer))
	require.Equal(t, answer.Ready, recorder.Code == http.StatusOK)
	return recorder.Code, answer.Checks
}

// TestReplicaThatStartsDuringARotation replaces the keyset file between a replica's loading it and beginning to follow it.
func TestReplicaThatStartsDuringARotation(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		path := filepath.Join(t.TempDir(), "keyset.json")
		require.NoError(t, writeKeyset(db.Keyset, path, os.Rename))
		cfg := settings(t, db, dayIssuer)
		cfg.Secrets = config.Secrets{KeysetFile: path}
		a := newTestAppOf(t, cfg)
		addAda(t, a)

		rotated, err := db.Keyset.Rotated()
		require.NoError(t, err)
		require.NoError(t, writeKeyset(rotated, path, os.Rename))
		other := (&storagetest.Database{URL: db.URL, Keyset: rotated}).Open(t)
		resealed, err := other.Reseal(t.Context(), 100, nil)
		require.NoError(t, err)
		require.Positive(t, resealed)
		status, checks := checksOf(t, a)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, checks["keyset"], "does not have the key")

		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- followKeyset(ctx, a.store.Keyset(), path, a.log) }()
		require.Eventually(t, func() bool { return a.store.Keyset().Same(rotated) }, 10*time.Second, 10*time.Millisecond)
		stop()
		require.NoError(t, <-done)
		require.True(t, ready(readiness(t.Context(), a.store)))
		user, err := a.store.Users.Find(t.Context(), "ada")
		require.NoError(t, err)
		_, err = a.store.Authenticators.OfUser(t.Context(), user.ID)
		require.NoError(t, err)
	})
}

func TestOneRotationAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyset.json")
	lock, err := lockKeyset(path)
	require.NoError(t, err)
	_, err = lockKeyset(path)
	require.ErrorContains(t, err, "another rotation of "+path+" is running")

	db := storagetest.SQLite(t)
	require.NoError(t, writeKeyset(db.Keyset, path, os.Rename))
	db.Open(t)
	var output bytes.Buffer
	environ := []string{"POSTERN_DATABASE_URL=" + db.URL, "POSTERN_SECRETS_KEYSET_FILE=" + path}
	require.NotZero(t, run(t.Context(), []string{"secrets", "rotate"}, environ, nil, &output, &output))
	require.Contains(t, output.String(), "another rotation of "+path+" is running")

	require.NoError(t, lock.Close())
	lock, err = lockKeyset(path)
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}

// narrow keeps the first connection to SQLite, which is the one that writes.
type narrow struct {
	driver.Connector
	writer driver.Conn
}

func (n *narrow) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := n.Connector.Connect(ctx)
	if n.writer == nil {
		n.writer = conn
	}
	return conn, err
}

// pragma returns the number that a pragma has.
func (n *narrow) pragma(t *testing.T, text string) int64 {
	t.Helper()
	rows, err := n.writer.(driver.QueryerContext).QueryContext(t.Context(), "PRAGMA "+text, nil)
	require.NoError(t, err)
	row := make([]driver.Value, 1)
	require.NoError(t, rows.Next(row))
	require.NoError(t, rows.Close())
	return row[0].(int64)
}

// TestFullDiskIsNotReady keeps an SQLite file from growing.
func TestFullDiskIsNotReady(t *testing.T) {
	n := &narrow{}
	s := storagetest.SQLite(t).Open(t, func(c driver.Connector) driver.Connector { n.Connector = c; return n })
	require.Empty(t, readiness(t.Context(), s)["writes"])
	most := n.pragma(t, "max_page_count")
	n.pragma(t, "max_page_count="+strconv.FormatInt(n.pragma(t, "page_count"), 10))
	checks := readiness(t.Context(), s)
	require.Contains(t, checks["writes"], "full")
	require.False(t, ready(checks))
	n.pragma(t, "max_page_count="+strconv.FormatInt(most, 10))
	require.True(t, ready(readiness(t.Context(), s)))
}

func TestReadOnlyDatabaseIsNotReady(t *testing.T) {
	db := storagetest.Postgres(t)
	db.Open(t)
	s := storagetest.Unlock(t, db.With(t, "default_transaction_read_only", "on").OpenLocked(t))
	checks := readiness(t.Context(), s)
	require.Contains(t, checks["writes"], "read-only")
	require.Empty(t, checks["database"])
	require.False(t, ready(checks))
}

// TestReadinessOfASilentDatabase asks for the first time when the database has fallen silent; every caller gets an answer before their
// own patience ends.
func TestReadinessOfASilentDatabase(t *testing.T) {
	for name, weather := range map[string]storagetest.Weather{"frozen": storagetest.Frozen, "black hole": storagetest.BlackHole} {
		t.Run(name, func(t *testing.T) {
			db := storagetest.Postgres(t)
			proxy := storagetest.NewProxy(t, db)
			a := newTestApp(t, db.Through(t, proxy), dayIssuer)
			server := httptest.NewServer(a.public)
			defer server.Close()
			proxy.Set(weather)
			client := http.Client{Timeout: 4 * time.Second}
			answer, err := client.Get(server.URL + "/readyz")
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		})
	}
}

// TestChecksAreShared has many ask at once: one check is made for all of them.
func TestChecksAreShared(t *testing.T) {
	var counter storagetest.Counter
	s := storagetest.SQLite(t).Open(t, counter.Intercept)
	var h health
	require.True(t, ready(h.look(t.Context(), s)))
	once := counter.Count()
	h.at = time.Now().Add(time.Hour) // no second passes
	for range 10 {
		h.look(t.Context(), s)
	}
	require.Equal(t, once, counter.Count())
	h.at = time.Now().Add(-checkAge)
	h.look(t.Context(), s)
	require.Greater(t, counter.Count(), once)
}

// TestHeadersOfAProxy sends headers that the documentation does not name from a trusted proxy.
func TestHeadersOfAProxy(t *testing.T) {
	var log bytes.Buffer
	cfg := settings(t, storagetest.SQLite(t), dayIssuer)
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	a, err := build(t.Context(), cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()
	for _, test := range []struct {
		forwarded []string
		want      string
	}{
		{nil, "127.0.0.0"},
		{[]string{"unreadable"}, "127.0.0.0"},
		{[]string{"192.0.2.77"}, "192.0.2.0"},
		{[]string{"203.0.113.9", "192.0.2.77"}, "192.0.2.0"}, // one header that the client sent, and one that the proxy added
		{[]string{"203.0.113.9, 192.0.2.77, 127.0.0.1"}, "192.0.2.0"},
	} {
		log.Reset()
		r := httptest.NewRequest(http.MethodGet, dayIssuer+"/login", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = "127.0.0.1:1234", test.forwarded
		for _, other := range []string{"X-Real-Ip", "X-Client-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "X-Appengine-Remote-Addr"} {
			r.Header.Set(other, "198.51.100.1")
		}
		r.Header.Set("Forwarded", "for=198.51.100.1")
		a.public.ServeHTTP(httptest.NewRecorder(), r)
		require.Contains(t, log.String(), "address="+test.want, test.forwarded)
	}
}
