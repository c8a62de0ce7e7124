package self_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

// If a person leaves an account page open and another person signs in in the same browser, the form of the first does nothing to the
// account of the second.
func TestAccountFormsBelongToTheirPerson(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		ada, _ := w.SignedIn("ada@example.test")
		bob, _ := w.SignedIn("bob@example.test")
		for section, fill := range map[string][]string{
			"close": {"understood", "yes"}, "data": nil, "profile": {"nickname", "ada"}, "password": {"password", logintest.AdaPassword},
			"email": {"do", "change", "email", "new@example.test"}, "codes": nil,
		} {
			page := ada.Open("/account/" + section)
			require.Equal(t, http.StatusOK, page.Status, section)
			require.Contains(t, page.Body, `name="shown"`, section)
			before := w.User("bob@example.test")
			sessions, err := w.Store.Sessions.OfUser(t.Context(), before.ID, time.Now())
			require.NoError(t, err)

			answer := bob.Submit(page, logintest.FieldsOf(page, fill...)...)
			require.Equal(t, "/account/"+section, answer.Address.Path, section)
			require.Len(t, bob.Visited, 2, "%s: the page is shown again", section)
			require.Contains(t, answer.Header.Get("Content-Type"), "text/html", section)
			require.Equal(t, before, w.User("bob@example.test"), section)
			after, err := w.Store.Sessions.OfUser(t.Context(), before.ID, time.Now())
			require.NoError(t, err)
			require.Equal(t, sessions, after, section)
			if section == "close" {
				require.Contains(t, answer.Text(), "bob@example.test")
			}
		}
		form := bob.Open("/account/profile")
		saved := bob.Submit(form, logintest.FieldsOf(form, "nickname", "bob")...)
		require.Equal(t, "/account/profile?done=profile", saved.Address.RequestURI(), saved.Text())
		require.Equal(t, "bob", w.User("bob@example.test").Claims["nickname"], "one's own form")
	})
}
