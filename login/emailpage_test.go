package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEmailPage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		b := w.justSignedIn(phone)
		form := b.open("/account/email")
		require.Contains(t, form.text(), "This address has not been confirmed yet.")
		require.Contains(t, b.post("/account/email", "do", "verify").text(), "We have sent a message to your address.")
		link := w.mailed(ada, "/verify")
		scanner := newBrowser(t, w.handler)
		for range 3 {
			require.Contains(t, scanner.open(link).text(), "Is "+ada+" your address?")
		}
		require.Contains(t, b.open("/account/email").text(), "has not been confirmed yet", "looking confirms nothing")
		confirmed := scanner.submit(scanner.open(link))
		require.Equal(t, "/verify/done", confirmed.address.RequestURI())
		require.NotContains(t, b.open("/account/email").text(), "has not been confirmed yet")
		require.Equal(t, http.StatusGone, scanner.open(link).status)

		for _, email := range []string{"ada", ada} {
			require.Equal(t, http.StatusUnprocessableEntity, b.post("/account/email", "do", "change", "email", email).status)
		}
		waiting := b.post("/account/email", "do", "change", "email", newAda)
		require.Contains(t, waiting.text(), "It becomes your address when you follow the link in it")
		require.Equal(t, 1, w.told(ada, newAda), "the old address is told")
		first := w.mailed(newAda, "/verify")
		require.NotContains(t, b.post("/account/email", "do", "cancel").text(), newAda)
		require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open(first).status)

		time.Sleep(time.Second) // the newest link is the one that was mailed last
		b.post("/account/email", "do", "change", "email", newAda)
		before := b.cookie(sessionCookie)
		ask := b.open(w.mailed(newAda, "/verify"))
		require.Equal(t, "/verify", ask.address.RequestURI())
		require.Contains(t, ask.text(), newAda)
		require.Equal(t, "/verify/done", b.submit(ask).address.RequestURI())
		require.NotEqual(t, before, b.cookie(sessionCookie))
		require.Contains(t, b.open("/account/email").text(), "Your address is "+newAda)
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.post("/account/email", "do", "change", "email", "third@example.test").address.Path)
	})
}

// Whether an address is somebody's is not told to who is signed in either.
func TestEmailPageAnswersAlike(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		w.invite("taken1@example.test")
		b := w.justSignedIn(phone)
		var pages []string
		for _, email := range []string{"taken1@example.test", "free01@example.test"} {
			p := b.post("/account/email", "do", "change", "email", email)
			pages = append(pages, strings.ReplaceAll(p.body, email, "ADDRESS"))
		}
		require.Equal(t, pages[0], pages[1])
		require.Equal(t, 1, w.told("taken1@example.test", "You have an account at Example already"), "only its mailbox learns")
	})
}

// A password alone never adds a factor; with the mailbox it may.
func TestEnrolLinkByMail(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		b.submit(b.open("/register"), "email", ada, "name", "Ada Example")
		b.submit(b.open(w.mailed(ada, "/verify")), "new_password", adaPassword)
		time.Sleep(80 * time.Hour) // and nothing more, until the link has expired
		other := newBrowser(t, w.handler)
		needed := other.submit(other.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusForbidden, needed.status)
		sent := other.submit(needed)
		require.Contains(t, sent.text(), "We have sent a message")
		require.Equal(t, "/login/enroll/link", sent.address.Path)
		enrol := other.submit(other.open(w.mailed(ada, "/invite")), "new_password", newPassword)
		require.Equal(t, "/login/enroll", enrol.address.Path)
		w.scan(enrol)
	})
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["password only, no authenticator"](w, b) // of an address that nobody has checked
		require.NotContains(t, b.open("/login/enroll").body, "<form")
		b.post("/login/enroll/link")
		require.Zero(t, w.told(ada, "Connect your authenticator to Example"))
	})
}
