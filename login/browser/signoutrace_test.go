package browser_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Of 50 simultaneous sign-outs from one session, one ends it and is recorded.
func TestRaceOfSignOuts(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		store, now := db.Open(t), time.Now()
		u := storagetest.User(t, store)
		require.NoError(t, store.Sessions.BeginSignIn(t.Context(), storage.HalfSignIn{TokenHash: []byte("half"), User: u, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, ""))
		require.NoError(t, store.Sessions.CompleteSignIn(t.Context(), []byte("half"), storage.Completion{
			TokenHash: storage.Hash("cookie"), IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour),
		}, now))
		var replicas [2]*browser.Sessions
		for i := range replicas {
			s := db.Open(t, storagetest.Delay(5*time.Millisecond))
			var err error
			replicas[i], err = browser.New(browser.Config{Store: s, Audit: audit.New(s), Secure: true})
			require.NoError(t, err)
		}
		faults := make([]error, 50)
		var group sync.WaitGroup
		for i := range faults {
			group.Go(func() {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/logout", nil)
				r.AddCookie(&http.Cookie{Name: logintest.SessionCookie, Value: "cookie"})
				_, faults[i] = replicas[i%2].End(t.Context(), httptest.NewRecorder(), r)
			})
		}
		group.Wait()
		for _, err := range faults {
			require.NoError(t, err)
		}
		events, err := store.Events.List(t.Context(), storage.EventQuery{Names: []string{string(audit.SignedOut)}, Limit: 100})
		require.NoError(t, err)
		require.Len(t, events, 1)
	})
}
