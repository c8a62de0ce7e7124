package main

import (
	"bytes"
	"database/sql"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// limitedRole returns the database for a role that may have a single connection, and a function that waits until the connection is free.
func limitedRole(t *testing.T, db *storagetest.Database, raw *sql.DB) (limited *storagetest.Database, free func()) {
	t.Helper()
	address, err := url.Parse(db.URL)
	require.NoError(t, err)
	schema := address.Query().Get("search_path")
	_, err = raw.Exec(`CREATE ROLE ` + schema + ` LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA ` + schema + ` TO ` + schema + `;
		GRANT ALL ON ALL TABLES IN SCHEMA ` + schema + ` TO ` + schema)
	require.NoError(t, err)
	free = func() {
		require.Eventually(t, func() bool {
			var open int
			require.NoError(t, raw.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE usename = $1`, schema).Scan(&open))
			return open == 0
		}, 10*time.Second, 10*time.Millisecond)
	}
	t.Cleanup(func() {
		_, err := raw.Exec(`DROP OWNED BY ` + schema + `; DROP ROLE ` + schema)
		require.NoError(t, err)
	})
	address.User = url.User(schema)
	return &storagetest.Database{URL: address.String(), Keyset: db.Keyset}, free
}

// TestOneConnectionIsEnough serves and runs commands as a role that has a single connection.
func TestOneConnectionIsEnough(t *testing.T) {
	full := storagetest.Postgres(t)
	full.Open(t)
	db, free := limitedRole(t, full, full.SQL(t))
	t.Run("serve", func(t *testing.T) {
		cfg := settings(t, db, dayIssuer)
		cfg.Database.MaxConnections = 1
		a := newTestAppOf(t, cfg)
		addAda(t, a)
		id, secret := addClient(t, a, client.Web, dayCallback, func(m *client.Metadata) {
			m.Consent, m.IDTokenAlg = client.ConsentSkip, "ES256"
		})
		signInAndRefresh(t, a, id, secret, "ada@example.test", adaURI)
		require.True(t, ready(readiness(t.Context(), a.store)))
	})
	free()
	store, err := openStore(t.Context(), settings(t, db, dayIssuer), existing)
	require.NoError(t, err)
	require.Equal(t, 1, store.Stats().MaxOpenConnections, "what commands may take")
	require.NoError(t, store.Close())
	keyset, err := db.Keyset.JSON()
	require.NoError(t, err)
	for _, command := range [][]string{
		{"user", "add", "--email", "grace@example.test"}, {"user", "list"}, {"user", "show", "ada"}, {"user", "export"},
		{"user", "disable", "ada"}, {"client", "list"}, {"key", "rotate", "ES256", "--now"}, {"audit", "tail"}, {"audit", "export"},
		{"audit", "verify"}, {"migrate", "status"},
	} {
		free()
		var output bytes.Buffer
		environ := []string{"POSTERN_DATABASE_URL=" + db.URL, "POSTERN_SECRETS_KEYSET=" + string(keyset), "POSTERN_DATABASE_MAX_CONNECTIONS=10"}
		require.Zero(t, run(t.Context(), command, environ, nil, &output, &output), "%v: %s", command, output.String())
	}
}

// TestHostsHaveTheirPorts opens a database whose address names two servers as libpq takes them; the first is not there.
func TestHostsHaveTheirPorts(t *testing.T) {
	db := storagetest.Postgres(t)
	db.Open(t)
	through, err := url.Parse(db.Through(t, storagetest.NewProxy(t, db)).URL)
	require.NoError(t, err)
	query := through.Query()
	hosts := "127.0.0.1:1," + query.Get("host") + ":" + query.Get("port")
	query.Del("host")
	query.Del("port")
	through.RawQuery = query.Encode()
	cfg := settings(t, db, dayIssuer)
	cfg.Database.URL = config.Secret("postgres://" + through.User.String() + "@" + hosts + through.Path + "?" + through.RawQuery)
	require.NoError(t, cfg.Validate())
	store, err := openStore(t.Context(), cfg, existing)
	require.NoError(t, err)
	require.NoError(t, store.Close())
}
