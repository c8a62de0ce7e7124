package self_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

func TestEmailPage(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		b := w.JustSignedIn(phone)
		form := b.Open("/account/email")
		require.Contains(t, form.Text(), "This address has not been confirmed yet.")
		require.Contains(t, b.Post("/account/email", "do", "verify").Text(), "We have sent a message to your address.")
		link := w.Mailed(logintest.Ada, "/verify")
		scanner := logintest.NewBrowser(t, w.Handler)
		for range 3 {
			require.Contains(t, scanner.Open(link).Text(), "Is "+logintest.Ada+" your address?")
		}
		require.Contains(t, b.Open("/account/email").Text(), "has not been confirmed yet", "opening the link confirms nothing")
		confirmed := scanner.Submit(scanner.Open(link))
		require.Equal(t, "/verify/done", confirmed.Address.RequestURI())
		require.NotContains(t, b.Open("/account/email").Text(), "has not been confirmed yet")
		require.Equal(t, http.StatusGone, scanner.Open(link).Status)

		for _, email := range []string{"ada", logintest.Ada} {
			require.Equal(t, http.StatusUnprocessableEntity, b.Post("/account/email", "do", "change", "email", email).Status)
		}
		waiting := b.Post("/account/email", "do", "change", "email", logintest.NewAda)
		require.Contains(t, waiting.Text(), "It becomes your address when you follow the link in it")
		require.Equal(t, 1, w.Told(logintest.Ada, logintest.NewAda), "the old address is told")
		first := w.Mailed(logintest.NewAda, "/verify")
		require.NotContains(t, b.Post("/account/email", "do", "cancel").Text(), logintest.NewAda)
		require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Open(first).Status)

		time.Sleep(time.Second) // the newest link is the valid one
		b.Post("/account/email", "do", "change", "email", logintest.NewAda)
		before := b.Cookie(logintest.SessionCookie)
		ask := b.Open(w.Mailed(logintest.NewAda, "/verify"))
		require.Equal(t, "/verify", ask.Address.RequestURI())
		require.Contains(t, ask.Text(), logintest.NewAda)
		require.Equal(t, "/verify/done", b.Submit(ask).Address.RequestURI())
		require.NotEqual(t, before, b.Cookie(logintest.SessionCookie))
		require.Contains(t, b.Open("/account/email").Text(), "Your address is "+logintest.NewAda)
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.Post("/account/email", "do", "change", "email", "third@example.test").Address.Path)
	})
}

// People who are signed in do not learn either whether an address has an account.
func TestEmailPageAnswersAlike(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		w.Invite("taken1@example.test")
		b := w.JustSignedIn(phone)
		var pages []string
		for _, email := range []string{"taken1@example.test", "free01@example.test"} {
			p := b.Post("/account/email", "do", "change", "email", email)
			pages = append(pages, strings.ReplaceAll(p.Body, email, "ADDRESS"))
		}
		require.Equal(t, pages[0], pages[1])
		require.Equal(t, 1, w.Told("taken1@example.test", "You already have an account at Example"), "only the owner of the mailbox is told")
	})
}
