package client_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const racers = 50

// atOnce runs do for fifty racers at once, on two registries in turn.
func atOnce(replicas [2]*client.Registry, do func(r *client.Registry, racer int) error) []error {
	errs := make([]error, racers)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range racers {
		group.Go(func() {
			<-start
			errs[i] = do(replicas[i%2], i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

// eachRace runs body on two registries of each database.
func eachRace(t *testing.T, body func(t *testing.T, db *storagetest.Database, s *storage.Store, replicas [2]*client.Registry)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		s := db.Open(t)
		body(t, db, s, [2]*client.Registry{registryOn(s), registryOn(db.Open(t))})
	})
}

// Each of the last places for clients without an initial access token is given away once.
func TestRaceForTheLastRegistrations(t *testing.T) {
	const places, left = 1000, 3
	eachRace(t, func(t *testing.T, db *storagetest.Database, _ *storage.Store, replicas [2]*client.Registry) {
		_, err := db.SQL(t).Exec(fmt.Sprintf(`
			INSERT INTO clients (id, name, metadata, version, created_at, updated_at, registration_hash)
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d)
			SELECT 'client' || n, 'App', '{}', 1, 0, 0, CAST('hash' || n AS %s) FROM numbers`, places-left, bytesOf(db)))
		require.NoError(t, err)
		registered := 0
		for _, err := range atOnce(replicas, func(r *client.Registry, _ int) error {
			_, err := r.Register(t.Context(), valid(client.Web), "", audit.Client(""), now)
			return err
		}) {
			if err == nil {
				registered++
			} else {
				require.ErrorIs(t, err, client.ErrFull)
			}
		}
		require.Equal(t, left, registered)
	})
}

func bytesOf(db *storagetest.Database) string {
	if db.Postgres() {
		return "BYTEA"
	}
	return "BLOB"
}

// Of fifty updates of the same version one succeeds, and no rotation of the secret is lost between them.
func TestRaceOfUpdatesAndRotations(t *testing.T) {
	eachRace(t, func(t *testing.T, _ *storagetest.Database, s *storage.Store, replicas [2]*client.Registry) {
		c, _ := added(t, replicas[0], valid(client.Web))
		var secrets [racers]string
		updated, rotated := 0, 0
		for racer, err := range atOnce(replicas, func(r *client.Registry, racer int) (err error) {
			if racer%10 == 0 {
				secrets[racer], err = r.RotateSecret(t.Context(), c.ID, 0, operator, now)
				return err
			}
			m := valid(client.Web)
			m.Name = fmt.Sprint("App ", racer)
			_, _, err = r.Update(t.Context(), c.ID, c.Version, m, operator, now)
			return err
		}) {
			switch {
			case err != nil:
				require.ErrorIs(t, err, storage.ErrStale)
			case racer%10 == 0:
				rotated++
			default:
				updated++
			}
		}
		require.LessOrEqual(t, updated, 1)
		require.Positive(t, rotated)
		row, err := s.Clients.ByID(t.Context(), c.ID)
		require.NoError(t, err)
		require.Equal(t, c.Version+int64(updated+rotated), row.Version)
		good := 0
		for _, secret := range secrets {
			if replicas[0].Authenticate(found(t, registryOn(s), c.ID), secret, now) {
				good++
			}
		}
		require.Equal(t, 1, good)
	})
}
