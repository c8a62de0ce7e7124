package login_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/storagetest"
)

// The other journeys run in virtual time, which a PostgreSQL server does not share. This one uses the next code, which is accepted half a
// minute early.
func TestOnBothDatabases(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		counter := &storagetest.Counter{}
		w := logintest.New(t, db, counter.Intercept)
		phone, codes := w.Enrolled(logintest.Ada)
		next := phone.CodeAt(time.Now().Add(30 * time.Second))

		b := logintest.NewBrowser(t, w.Handler)
		form := b.Open("/begin")
		stay := b.Client.CheckRedirect
		b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		counter.Reset()
		require.Equal(t, http.StatusSeeOther, b.Submit(form, "username", logintest.Ada, "password", logintest.AdaPassword).Status)
		require.LessOrEqual(t, counter.Count(), 4, "after the password: %q", counter.Texts())
		counter.Reset()
		answer := b.Post("/login/code?"+form.Address.RawQuery, "code", next)
		require.Equal(t, http.StatusSeeOther, answer.Status)
		require.LessOrEqual(t, counter.Count(), 4, "after the code: %q", counter.Texts())
		b.Client.CheckRedirect = stay
		require.Contains(t, b.Open(answer.Header.Get("Location")).Body, "signed in as "+logintest.Ada)

		other := logintest.NewBrowser(t, w.Handler)
		other.Submit(other.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		enrol := other.Submit(other.Open("/login/recovery"), "recovery_code", codes[0])
		require.Equal(t, "/login/enroll", enrol.Address.Path)
		require.Contains(t, b.Open("/oauth2/auth").Body, "nobody", "the other session has ended")
		shown := other.Submit(enrol, "code", w.Scan(enrol).Code())
		require.Equal(t, "/account", other.Submit(shown, "saved", "yes").Address.Path)
		require.Contains(t, other.Submit(other.Open("/logout")).Text(), "You are signed out")
	})
}

func TestOutagePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := &storagetest.Faults{}
		w := logintest.New(t, storagetest.SQLite(t), faults.Intercept)
		w.Enrolled(logintest.Ada)
		b, code := w.HalfDone()
		for _, step := range []func() logintest.Page{
			func() logintest.Page { return b.Submit(code, "code", "123456") },
			func() logintest.Page { return b.Open("/login/code") },
			func() logintest.Page {
				return b.Post("/login", "username", logintest.Ada, "password", logintest.AdaPassword)
			},
		} {
			faults.Fail(1, false, io.ErrUnexpectedEOF)
			p := step()
			require.Equal(t, http.StatusServiceUnavailable, p.Status)
			require.NotEmpty(t, p.Header.Get("Retry-After"))
			require.Contains(t, p.Text(), "Nothing is lost")
		}
	})
}
