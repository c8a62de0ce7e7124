package login_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

// The journeys of the other tests have their own time, which a server for PostgreSQL does not share. This one takes the code that
// comes next, which is accepted half a minute early.
func TestOnBothDatabases(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		counter := &storagetest.Counter{}
		w := newWorld(t, db, counter.Intercept)
		phone, codes := w.enrolled(ada)
		next := phone.codeAt(time.Now().Add(30 * time.Second))

		b := newBrowser(t, w.handler)
		form := b.open("/begin")
		stay := b.client.CheckRedirect
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		counter.Reset()
		require.Equal(t, http.StatusSeeOther, b.submit(form, "username", ada, "password", adaPassword).status)
		require.LessOrEqual(t, counter.Count(), 4, "the password step: %q", counter.Texts())
		counter.Reset()
		answer := b.post("/login/code?"+form.address.RawQuery, "code", next)
		require.Equal(t, http.StatusSeeOther, answer.status)
		require.LessOrEqual(t, counter.Count(), 4, "the code step: %q", counter.Texts())
		b.client.CheckRedirect = stay
		require.Contains(t, b.open(answer.header.Get("Location")).body, "signed in as "+ada)

		other := newBrowser(t, w.handler)
		other.submit(other.open("/login"), "username", ada, "password", adaPassword)
		enrol := other.submit(other.open("/login/recovery"), "recovery_code", codes[0])
		require.Equal(t, "/login/enroll", enrol.address.Path)
		require.Contains(t, b.open("/oauth2/auth").body, "nobody", "the other session has ended")
		shown := other.submit(enrol, "code", w.scan(enrol).code())
		require.Equal(t, "/account", other.submit(shown, "saved", "yes").address.Path)
		require.Contains(t, other.submit(other.open("/logout")).text(), "You are signed out")
	})
}

func TestOutagePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := &storagetest.Faults{}
		w := newWorld(t, storagetest.SQLite(t), faults.Intercept)
		w.enrolled(ada)
		b, code := w.halfDone()
		for _, step := range []func() page{
			func() page { return b.submit(code, "code", "123456") },
			func() page { return b.open("/login/code") },
			func() page { return b.post("/login", "username", ada, "password", adaPassword) },
		} {
			faults.Fail(1, false, io.ErrUnexpectedEOF)
			p := step()
			require.Equal(t, http.StatusServiceUnavailable, p.status)
			require.NotEmpty(t, p.header.Get("Retry-After"))
			require.Contains(t, p.text(), "Nothing is lost")
		}
	})
}
