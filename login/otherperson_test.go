package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Somebody has left a page about their account open, and another person has signed in since in the same browser: the form of the one does nothing
// to the account of the other.
func TestAccountFormsBelongToThePersonWhomTheyWereShownTo(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		ada, _ := w.signedIn("ada@example.test")
		bob, _ := w.signedIn("bob@example.test")
		for section, fill := range map[string][]string{
			"close": {"understood", "yes"}, "data": nil, "profile": {"nickname", "ada"}, "password": {"password", adaPassword},
			"email": {"do", "change", "email", "new@example.test"}, "codes": nil,
		} {
			page := ada.open("/account/" + section)
			require.Equal(t, http.StatusOK, page.status, section)
			require.Contains(t, page.body, `name="shown"`, section)
			before := w.user("bob@example.test")
			sessions, err := w.store.Sessions(t.Context(), before.ID, time.Now())
			require.NoError(t, err)

			answer := bob.submit(page, fieldsOf(page, fill...)...)
			require.Equal(t, "/account/"+section, answer.address.Path, section)
			require.Len(t, bob.visited, 2, "%s: shown anew", section)
			require.Contains(t, answer.header.Get("Content-Type"), "text/html", section)
			require.Equal(t, before, w.user("bob@example.test"), section)
			after, err := w.store.Sessions(t.Context(), before.ID, time.Now())
			require.NoError(t, err)
			require.Equal(t, sessions, after, section)
			if section == "close" {
				require.Contains(t, answer.text(), "bob@example.test")
			}
		}
		form := bob.open("/account/profile")
		saved := bob.submit(form, fieldsOf(form, "nickname", "bob")...)
		require.Equal(t, "/account/profile?done=profile", saved.address.RequestURI(), saved.text())
		require.Equal(t, "bob", w.user("bob@example.test").Claims["nickname"], "one's own form")
	})
}
