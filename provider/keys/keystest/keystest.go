// Package keystest gives the databases of tests their signing keys. RSA keys take longer to find than most tests run, so all databases of a
// process share those that the first one makes.
package keystest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

var shared struct {
	sync.Mutex
	keys []storage.SigningKey
}

// Provide adds signing keys to a database that has none.
func Provide(t testing.TB, store *storage.Store) {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	present, err := store.Keys.List(t.Context())
	require.NoError(t, err)
	if len(present) > 0 {
		return
	}
	if shared.keys == nil {
		ring, err := keys.New(keys.Config{Store: store, Audit: audit.New(store)})
		require.NoError(t, err)
		require.NoError(t, ring.Load(t.Context(), time.Now()))
		shared.keys, err = store.Keys.List(t.Context())
		require.NoError(t, err)
		return
	}
	for _, key := range shared.keys {
		key.CreatedAt, key.SignsFrom = time.Now(), time.Now()
		require.NoError(t, store.Keys.Add(t.Context(), key))
	}
}
