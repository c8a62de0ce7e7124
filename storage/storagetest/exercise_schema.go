package storagetest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var schemaBehaviours = []behaviour{
	{"steps are applied once and listed", migrationsAreAppliedOnce},
	{"replicas that start at once apply each step once", replicasMigrateAtOnce},
	{"another keyset is refused and changes nothing", anotherKeysetIsRefused},
	{"keyed hashes are the same on all replicas", keyedHashesAgree},
	{"changing what replicas cache raises its version", changesRaiseVersions},
	{"the database has a clock", theDatabaseHasAClock},
}

func migrationsAreAppliedOnce(t *testing.T, db *Database) {
	s := db.OpenLocked(t)
	steps, err := s.Migrations(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(steps), 2)
	last := int64(0)
	for _, step := range steps {
		require.False(t, step.Applied, step.Name)
		require.Greater(t, step.Version, last)
		last = step.Version
	}
	empty, err := s.Empty(t.Context())
	require.NoError(t, err)
	require.True(t, empty)
	_, err = db.SQL(t).Exec(`SELECT * FROM goose_db_version`)
	require.Error(t, err, "reading created a table")
	pending, err := s.Pending(t.Context())
	require.NoError(t, err)
	require.True(t, pending)
	empty, err = s.Empty(t.Context())
	require.NoError(t, err)
	require.True(t, empty, "goose has created its table, and no step was applied")

	applied, err := s.Migrate(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, steps, applied)
	steps, err = s.Migrations(t.Context())
	require.NoError(t, err)
	for _, step := range steps {
		require.True(t, step.Applied, step.Name)
	}
	pending, err = s.Pending(t.Context())
	require.NoError(t, err)
	require.False(t, pending)
	empty, err = s.Empty(t.Context())
	require.NoError(t, err)
	require.False(t, empty)
	applied, err = s.Migrate(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, applied)
}

func replicasMigrateAtOnce(t *testing.T, db *Database) {
	const replicas = 8
	locked, stores := make([]*storage.Locked, replicas), make([]*storage.Store, replicas)
	for i := range locked {
		locked[i] = db.OpenLocked(t)
	}
	applied, errs := make([]int, replicas), make([]error, replicas)
	var wg sync.WaitGroup
	for i, l := range locked {
		wg.Go(func() {
			if applied[i], errs[i] = l.Migrate(t.Context(), nil); errs[i] == nil {
				stores[i], errs[i] = l.Unlock(t.Context())
			}
		})
	}
	wg.Wait()
	total := 0
	for i := range stores {
		require.NoError(t, errs[i])
		total += applied[i]
	}
	steps, err := stores[0].Migrations(t.Context())
	require.NoError(t, err)
	require.Len(t, steps, total)
	_, err = db.SQL(t).Exec(`INSERT INTO goose_db_version (version_id, is_applied) SELECT version_id, is_applied FROM goose_db_version WHERE version_id = 1`)
	require.ErrorContains(t, err, "goose_db_version", "a step cannot be recorded twice")
	for _, s := range stores {
		require.Equal(t, stores[0].MAC("test", "a"), s.MAC("test", "a"))
	}
}

func anotherKeysetIsRefused(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)

	stranger := (&Database{URL: db.URL, Keyset: newKeyset(t)}).OpenLocked(t)
	_, err := stranger.Unlock(t.Context())
	require.ErrorIs(t, err, storage.ErrSealed)

	again := db.Open(t)
	require.NoError(t, again.CheckKeyset(t.Context()))
	require.Equal(t, s.MAC("test"), again.MAC("test"))
	require.Same(t, db.Keyset, again.Keyset())
	found, err := again.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Len(t, found, 1)
}

func keyedHashesAgree(t *testing.T, db *Database) {
	a, b := db.Open(t), db.Open(t)
	require.Equal(t, a.MAC("purpose", "x", "y"), b.MAC("purpose", "x", "y"))
	require.Len(t, a.MAC("purpose"), 32)
	require.NotEqual(t, a.MAC("purpose", "x"), a.MAC("other", "x"))
	require.NotEqual(t, a.MAC("purpose", "xy"), a.MAC("purpose", "x", "y"))
	require.NotEqual(t, a.MAC("purpose", "x", ""), a.MAC("purpose", "x"))

	ada, grace := storage.User{ID: "ada"}, storage.User{ID: "grace"}
	require.Equal(t, a.AccountFormKey(ada), b.AccountFormKey(ada))
	require.NotEqual(t, a.AccountFormKey(ada), a.AccountFormKey(grace))
	require.Equal(t, a.FormKey("ada", "x", "y"), b.FormKey("ada", "x", "y"))
	require.NotEqual(t, a.FormKey("ada", "x", "y"), a.FormKey("ada", "xy"))
}

func changesRaiseVersions(t *testing.T, db *Database) {
	s := db.Open(t)
	versions := func() map[string]int64 {
		v, err := s.Versions(t.Context())
		require.NoError(t, err)
		return v
	}
	before := versions()
	require.Contains(t, before, storage.VersionClients)
	require.Contains(t, before, storage.VersionSigningKeys)

	c := Client(t, s)
	require.Equal(t, before[storage.VersionClients]+1, versions()[storage.VersionClients])
	require.NoError(t, s.Clients.Update(t.Context(), c, Now))
	require.NoError(t, s.Clients.Delete(t.Context(), c.ID))
	require.Equal(t, before[storage.VersionClients]+3, versions()[storage.VersionClients])
	require.Equal(t, before[storage.VersionSigningKeys], versions()[storage.VersionSigningKeys])

	key := signingKey(t, s, "k1")
	require.NoError(t, s.Keys.Retire(t.Context(), key.ID, Now, Now))
	_, err := s.Keys.DeleteExpired(t.Context(), Now)
	require.NoError(t, err)
	require.Equal(t, before[storage.VersionSigningKeys]+3, versions()[storage.VersionSigningKeys])
	_, err = s.Keys.DeleteExpired(t.Context(), Now)
	require.NoError(t, err)
	require.Equal(t, before[storage.VersionSigningKeys]+3, versions()[storage.VersionSigningKeys], "nothing was deleted")
}

func theDatabaseHasAClock(t *testing.T, db *Database) {
	s := db.Open(t)
	require.NoError(t, s.Ping(t.Context()))
	now, err := s.Clock(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), now, 5*time.Second)
	require.Positive(t, s.Stats().MaxOpenConnections)
}
