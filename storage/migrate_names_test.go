package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// The keys that an earlier release gave to international e-mail addresses are replaced.
func TestEmailKeysAreReplaced(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		s, raw := db.Open(t), db.SQL(t)
		person := func(email, key string) storage.User {
			u := storage.User{ID: storage.NewID(), Email: storage.NewID() + "@example.test", CreatedAt: storage.At(storagetest.Now), UpdatedAt: storage.At(storagetest.Now)}
			require.NoError(t, s.Users.Add(t.Context(), u))
			_, err := raw.Exec(`UPDATE users SET email = '` + email + `', email_key = '` + key + `' WHERE id = '` + u.ID + `'`)
			require.NoError(t, err)
			return u
		}
		ada := person("Ada@Bücher.example", "ada@bücher.example")
		twin := person("eve@xn--bcher-kva.example", "eve@xn--bcher-kva.example")
		person("eve@bücher.example", "eve@bücher.example")
		require.NoError(t, storage.RekeyEmails(t.Context(), s))
		for _, spelling := range []string{"ada@bücher.example", "ada@xn--bcher-kva.example"} {
			found, err := s.Users.Find(t.Context(), spelling)
			require.NoError(t, err)
			require.Equal(t, ada.ID, found.ID)
		}
		found, err := s.Users.Find(t.Context(), "eve@bücher.example")
		require.NoError(t, err)
		require.Equal(t, twin.ID, found.ID, "if a mailbox has two accounts already, both stay")
	})
}
