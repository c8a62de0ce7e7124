package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var linkBehaviours = []behaviour{
	{"a link works once until it expires", linksAreGoodOnce},
	{"only the newest link for a purpose works", newestLinkWorks},
	{"links for sessions do not replace one another", linksForSessions},
}

func newLink(u storage.User) storage.Link {
	return storage.Link{
		Hash: storage.Hash(rand.Text()), Purpose: storage.LinkEnrol, UserID: u.ID,
		CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(72 * time.Hour)),
	}
}

func linksAreGoodOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	link := newLink(User(t, s))
	end := link.ExpiresAt.Time
	require.NoError(t, s.Links.Add(t.Context(), link))
	found, err := s.Links.ByHash(t.Context(), link.Hash, link.Purpose)
	require.NoError(t, err)
	require.Equal(t, link, found)

	_, err = s.Links.ByHash(t.Context(), link.Hash, "other")
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, s.Links.Spend(t.Context(), link.Hash, "other", Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Links.Spend(t.Context(), storage.Hash("other"), link.Purpose, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Links.Spend(t.Context(), link.Hash, link.Purpose, end), storage.ErrNotFound)

	last := end.Add(-time.Microsecond)
	require.NoError(t, s.Links.Spend(t.Context(), link.Hash, link.Purpose, last))
	require.ErrorIs(t, s.Links.Spend(t.Context(), link.Hash, link.Purpose, last), storage.ErrNotFound)
	found, err = s.Links.ByHash(t.Context(), link.Hash, link.Purpose)
	require.NoError(t, err)
	require.Equal(t, storage.At(last), found.UsedAt)
}

func newestLinkWorks(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	old, fresh, others := newLink(u), newLink(u), newLink(User(t, s))
	for _, link := range []storage.Link{old, others, fresh} {
		require.NoError(t, s.Links.Add(t.Context(), link))
	}
	require.ErrorIs(t, s.Links.Spend(t.Context(), old.Hash, old.Purpose, Now), storage.ErrNotFound)
	require.NoError(t, s.Links.Spend(t.Context(), fresh.Hash, fresh.Purpose, Now))
	require.NoError(t, s.Links.Spend(t.Context(), others.Hash, others.Purpose, Now))
}

func linksForSessions(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	var links []storage.Link
	for _, sid := range []string{"one", "another"} {
		link := newLink(u)
		link.Purpose, link.SID = storage.LinkDisown, sid
		require.NoError(t, s.Links.AddForSession(t.Context(), link))
		links = append(links, link)
	}
	for _, link := range links {
		found, err := s.Links.ByHash(t.Context(), link.Hash, link.Purpose)
		require.NoError(t, err)
		require.Equal(t, link, found)
		require.NoError(t, s.Links.Spend(t.Context(), link.Hash, link.Purpose, Now))
	}
}
