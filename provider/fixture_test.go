package provider

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// logText holds the last part of a log.
type logText struct {
	mu   sync.Mutex
	text []byte
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text = append(l.text, p...); len(l.text) > 1<<20 {
		l.text = slices.Clone(l.text[1<<19:])
	}
	return len(p), nil
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// testPages are the pages of every world: reading the templates takes long.
var testPages = sync.OnceValues(func() (*templates.Pages, error) {
	return templates.New(templates.Config{Brand: templates.Brand{Name: "Postern"}, Secure: true})
})

// firstKeys are the signing keys of the first world, which the others get as well: RSA keys take long to find.
var firstKeys struct {
	sync.Mutex
	keys []storage.SigningKey
}

// loadKeys gives a database its signing keys, unless it has some, and loads them.
func loadKeys(t testing.TB, ring *keys.Ring, store *storage.Store) {
	firstKeys.Lock()
	defer firstKeys.Unlock()
	present, err := store.SigningKeys(t.Context())
	require.NoError(t, err)
	if len(present) == 0 {
		for _, key := range firstKeys.keys {
			key.CreatedAt, key.SignsFrom = time.Now(), time.Now()
			require.NoError(t, store.AddSigningKey(t.Context(), key))
		}
	}
	require.NoError(t, ring.Load(t.Context(), time.Now()))
	if firstKeys.keys == nil {
		firstKeys.keys, err = store.SigningKeys(t.Context())
		require.NoError(t, err)
	}
}
