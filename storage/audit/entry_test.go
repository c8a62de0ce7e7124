package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestEntriesOfAUser(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		s := db.Open(t)
		log, now := audit.New(s), storagetest.Now
		first := audit.Event{
			Name: audit.ConsentGiven, Actor: audit.ActorUser, UserID: "ada", ClientID: "notes", Address: "192.0.2.7",
			Detail: map[string]string{"scopes": "openid"},
		}
		require.NoError(t, log.Record(t.Context(), first, now))
		require.NoError(t, log.Record(t.Context(), audit.Event{Name: audit.SignedOut, Actor: audit.ActorUser, UserID: "ada"}, now.Add(time.Second)))
		require.NoError(t, log.Record(t.Context(), audit.Event{Name: audit.SignedOut, Actor: audit.ActorUser, UserID: "eve"}, now))

		page, err := log.OfUser(t.Context(), "ada", "", 1)
		require.NoError(t, err)
		require.Len(t, page, 1)
		require.Equal(t, audit.SignedOut, page[0].Name)
		page, err = log.OfUser(t.Context(), "ada", page[0].ID, 10)
		require.NoError(t, err)
		require.Len(t, page, 1)
		first.Address = "192.0.2.0/24"
		require.Equal(t, first, page[0].Event)
		require.Equal(t, now, page[0].At.UTC())

		_, err = db.SQL(t).Exec(`UPDATE audit_events SET body = 'nonsense'`)
		require.NoError(t, err)
		page, err = log.OfUser(t.Context(), "eve", "", 10)
		require.NoError(t, err)
		require.Equal(t, audit.Event{Name: audit.SignedOut, UserID: "eve"}, page[0].Event, "a damaged entry has what its columns contain")
	})
}
