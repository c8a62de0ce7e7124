package login_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/storagetest"
)

// While 50 strangers at a time try Ada's name from 1,000 client IPs, the page tells them to come back within the hour, and Ada signs in at
// once in her trusted browser. In another browser she has to wait as they do.
func TestOwnerSignsInWhileStrangersWait(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := logintest.New(t, db)
		known := logintest.NewBrowser(t, w.Handler)
		enrol := known.Submit(known.Open(w.Invite(logintest.Ada)), "new_password", logintest.AdaPassword)
		phone := w.Scan(enrol)
		known.Submit(known.Submit(enrol, "code", phone.Code()), "saved", "yes")
		known.Submit(known.Open("/logout"))
		device := known.Cookie("__Host-postern_device")
		require.NotEmpty(t, device)

		var group sync.WaitGroup
		for worker := range 50 {
			group.Go(func() {
				for i := range 20 {
					r := questions["sign-in"].ask(logintest.Ada, "curl", worker*20+i)
					r.AddCookie(&http.Cookie{Name: "__Host-postern_device", Value: device + strconv.Itoa(i)}) // made up
					recorder := httptest.NewRecorder()
					w.Handler.ServeHTTP(recorder, r)
					if recorder.Code != http.StatusTooManyRequests && recorder.Code != http.StatusUnprocessableEntity {
						t.Errorf("status %d", recorder.Code)
					}
				}
			})
		}
		next := phone.CodeAt(time.Now().Add(30 * time.Second)) // accepted half a minute early
		code := known.Submit(known.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, "/account", known.Submit(code, "code", next).Address.Path)
		group.Wait()

		elsewhere := logintest.NewBrowser(t, w.Handler)
		p := elsewhere.Submit(elsewhere.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusTooManyRequests, p.Status)
		seconds, err := strconv.Atoi(p.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.LessOrEqual(t, seconds, 3600)
		require.Regexp(t, `[Tt]ry again in \d+ minutes?`, p.Text())
	})
}
