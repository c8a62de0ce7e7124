package login_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

// While 50 strangers at a time try Ada's name from 1,000 addresses, the page tells them when to come back, within the hour, and Ada
// signs in at once in a browser in which she has before. In another browser she waits as they do.
func TestOwnerSignsInWhileStrangersWait(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db)
		known := newBrowser(t, w.handler)
		enrol := known.submit(known.open(w.invite(ada)), "new_password", adaPassword)
		phone := w.scan(enrol)
		known.submit(known.submit(enrol, "code", phone.code()), "saved", "yes")
		known.submit(known.open("/logout"))
		device := known.cookie("__Host-postern_device")
		require.NotEmpty(t, device)

		var group sync.WaitGroup
		for worker := range 50 {
			group.Go(func() {
				for i := range 20 {
					r := questions["sign-in"].ask(ada, "curl", worker*20+i)
					r.AddCookie(&http.Cookie{Name: "__Host-postern_device", Value: device + strconv.Itoa(i)}) // made up
					recorder := httptest.NewRecorder()
					w.handler.ServeHTTP(recorder, r)
					if recorder.Code != http.StatusTooManyRequests && recorder.Code != http.StatusUnprocessableEntity {
						t.Errorf("status %d", recorder.Code)
					}
				}
			})
		}
		next := phone.codeAt(time.Now().Add(30 * time.Second)) // accepted half a minute early
		code := known.submit(known.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, "/account", known.submit(code, "code", next).address.Path)
		group.Wait()

		elsewhere := newBrowser(t, w.handler)
		p := elsewhere.submit(elsewhere.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusTooManyRequests, p.status)
		seconds, err := strconv.Atoi(p.header.Get("Retry-After"))
		require.NoError(t, err)
		require.LessOrEqual(t, seconds, 3600)
		require.Regexp(t, `[Tt]ry again in \d+ minutes?`, p.text())
	})
}
