package provider

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// A replica that still has a removed client in its cache notices the removal when it writes.
func TestClientIsRemovedAtTheOtherReplica(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		here := newWorld(t, db.Open(t))
		there := joinWorld(t, db.Open(t))
		there.browser.session = here.browser.session
		asking, _ := here.asking(client.Web, callback)
		require.NotEmpty(t, there.code(here.web))
		_, flow := there.begin(there.request(asking))
		for _, c := range []*client.Client{here.web, asking} {
			require.NoError(t, here.clients.Remove(t.Context(), c.ID, operator, time.Now()))
		}
		requireOver(t, there.authorize(there.request(here.web)))
		requireOver(t, there.authorize(there.request(here.web, "prompt", "login")))
		requireOver(t, there.resume(flow))
	})
}
