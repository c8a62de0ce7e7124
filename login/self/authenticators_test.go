package self_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
)

// present returns the authenticators of the browser's user.
func present(w *logintest.World, b *logintest.Browser) []storage.Authenticator {
	w.T.Helper()
	profile, err := w.Account.Operate.Show(w.T.Context(), b.User)
	require.NoError(w.T, err)
	return profile.Authenticators
}

// signsIn types password and code.
func signsIn(b *logintest.Browser, from logintest.Page, code string) logintest.Page {
	b.T.Helper()
	return b.Submit(b.Submit(from, "username", b.User, "password", logintest.AdaPassword), "code", code)
}

func TestAddingAnAuthenticator(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		first, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b, elsewhere := logintest.NewBrowser(t, w.Handler), logintest.NewBrowser(t, w.Handler)
		signsIn(b, b.Open("/login"), first.Code())
		time.Sleep(10 * time.Minute)
		signsIn(elsewhere, elsewhere.Open("/login"), first.Code())
		time.Sleep(time.Minute)

		again := b.Open("/account/authenticators/new")
		require.Equal(t, "/login?to=authenticators%2Fnew", again.Address.RequestURI(), "both factors are shown again")
		shown := signsIn(b, again, first.Code())
		require.Equal(t, "/account/authenticators/new", shown.Address.Path)
		added := w.Scan(shown)
		require.Equal(t, added, w.Scan(b.Open("/account/authenticators/new")), "a reload shows the same key")
		enrolment := logintest.Known{}.HiddenIn(shown).Fields["enrolment"]

		long := b.Submit(shown, "name", strings.Repeat("x", 65), "code", added.Code(), "enrolment", enrolment)
		require.Equal(t, http.StatusUnprocessableEntity, long.Status)
		require.Contains(t, long.Body, `aria-describedby="name_hint error" autofocus aria-invalid="true"`)
		wrong := b.Submit(long, "name", "Work phone", "code", added.CodeAt(time.Now().Add(4*time.Minute)), "enrolment", enrolment)
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Contains(t, wrong.Text(), "the clock of your phone is about 4 minutes ahead")
		require.Contains(t, wrong.Body, `value="Work phone"`)
		require.Equal(t, added, w.Scan(wrong))

		var list logintest.Page
		for range 2 { // a double click
			list = b.Submit(wrong, "name", "Work phone", "code", added.Code(), "enrolment", enrolment)
			require.Equal(t, "/account/authenticators", list.Address.Path)
			require.Contains(t, list.Text(), "The new authenticator works.")
		}
		require.Contains(t, list.Text(), "Authenticator app Added")
		require.Contains(t, list.Text(), "Work phone Added")
		require.Len(t, present(w, b), 2)
		require.Equal(t, "/login", elsewhere.Open("/account").Address.Path)

		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(added.Key.Secret)
		for _, path := range []string{"/account", "/account/authenticators", "/account/authenticators/new", "/account/codes", "/login/enroll"} {
			require.NotContains(t, b.Open(path).Body, text[:8], path)
		}

		time.Sleep(time.Minute)
		code := elsewhere.Submit(elsewhere.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Contains(t, code.Text(), "Open one of your authenticators")
		require.Contains(t, code.Body, "<li><bdi>Work phone</bdi></li>")
		require.Equal(t, "/account", elsewhere.Submit(code, "code", added.Code()).Address.Path)
		require.NotContains(t, b.Open("/account/authenticators").Text(), "Never Rename : Work phone", "its last use is known")
	})
}

func TestReplacingAnAuthenticator(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		first := w.Complete(b).Phone
		old, device := present(w, b)[0].ID, b.Cookie(logintest.TrustCookie)
		require.Equal(t, "/account/authenticators", b.Post("/account/authenticators/rename?id="+old, "name", "Old phone").Address.Path)

		shown := b.Open("/account/authenticators/new?replaces=" + old)
		require.Contains(t, shown.Body, `name="name" type="text" value="Old phone"`)
		fresh, enrolment := w.Scan(shown), logintest.Known{}.HiddenIn(shown).Fields["enrolment"]
		list := b.Submit(shown, "name", "", "code", fresh.Code(), "enrolment", enrolment)
		require.Contains(t, list.Text(), "has replaced the old one")
		require.NotContains(t, list.Text(), "Old phone")
		require.NotEqual(t, device, b.Cookie(logintest.TrustCookie))
		require.Equal(t, "/account", b.Open("/account").Address.Path, "this browser stays signed in")

		time.Sleep(time.Minute)
		other := logintest.NewBrowser(t, w.Handler)
		code := other.Submit(other.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, other.Submit(code, "code", first.Code()).Status)
		require.Equal(t, "/account", other.Submit(code, "code", fresh.Code()).Address.Path)
	})
}

func TestRemovingAuthenticators(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		both := present(w, b)
		ask := b.Open("/account/authenticators/remove?id=" + both[1].ID)
		require.Contains(t, ask.Text(), "Remove this authenticator? Second")
		list := b.Submit(ask)
		require.Contains(t, list.Text(), "The authenticator has been removed.")
		require.Contains(t, list.Text(), "Your only authenticator can be replaced, but not removed.")
		require.NotContains(t, list.Body, "authenticators/remove")
		require.Equal(t, http.StatusNotFound, b.Submit(ask).Status, "it was removed before")

		last := b.Post("/account/authenticators/remove?id=" + both[0].ID)
		require.Equal(t, http.StatusConflict, last.Status)
		require.Contains(t, last.Text(), "This is your last authenticator.")
		require.Len(t, present(w, b), 1)
	})
}

func TestAuthenticatorsOfSomebodyElse(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		eve := logintest.NewBrowser(t, w.Handler)
		eve.User = "eve@example.test"
		w.Complete(eve)
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		before := present(w, eve)
		for _, id := range []string{before[0].ID, "none", ""} {
			for _, path := range []string{"rename?id=", "remove?id="} {
				require.Equal(t, http.StatusNotFound, b.Open("/account/authenticators/"+path+id).Status, path)
				require.Equal(t, http.StatusNotFound, b.Post("/account/authenticators/"+path+id, "name", "Mine").Status, path)
			}
		}
		require.Equal(t, http.StatusNotFound, b.Open("/account/authenticators/new?replaces="+before[0].ID).Status)
		require.Equal(t, before, present(w, eve))
	})
}

func TestNewRecoveryCodes(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		knows := w.Complete(b)
		left := b.Open("/account/codes")
		require.Contains(t, left.Text(), "You have 10 recovery codes left.")

		shown := b.Submit(left)
		require.Equal(t, "/account/codes/new", shown.Address.Path)
		codes, set := logintest.RecoveryCodes(shown), logintest.Known{}.HiddenIn(shown).Fields["set"]
		require.Len(t, codes, 10)
		require.Equal(t, codes, logintest.RecoveryCodes(b.Open("/account/codes/new")), "a reload shows the same codes")
		require.Equal(t, codes, logintest.RecoveryCodes(b.Submit(b.Open("/account/codes"))), "and so does a second tab")
		require.Contains(t, shown.Body, `download="recovery-codes.txt"`)

		unticked := b.Submit(shown, "set", set)
		require.Equal(t, http.StatusUnprocessableEntity, unticked.Status)
		require.Equal(t, codes, logintest.RecoveryCodes(unticked))
		for range 2 { // a double click
			done := b.Submit(unticked, "saved", "yes", "set", set)
			require.Equal(t, "/account/codes", done.Address.Path)
			require.Contains(t, done.Text(), "The new codes are active.")
		}
		require.Equal(t, "/account/codes", b.Open("/account/codes/new").Address.Path, "shown once")

		other := logintest.NewBrowser(t, w.Handler)
		other.Submit(other.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, other.Post("/login/recovery", "recovery_code", knows.Recovery).Status)
		require.Equal(t, "/login/enroll", other.Post("/login/recovery", "recovery_code", codes[0]).Address.Path)
	})
}

// Codes that were shown too long ago do not come into force, and the page says so.
func TestExpiredSheetIsRefused(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		knows := w.Complete(b)
		shown := b.Submit(b.Open("/account/codes"))
		set := logintest.Known{}.HiddenIn(shown).Fields["set"]
		time.Sleep(10 * time.Minute)
		again := b.Submit(shown, "saved", "yes", "set", set)
		require.Equal(t, "/login?to=codes%2Fnew", again.Address.RequestURI())
		require.Equal(t, "/account/codes", signsIn(b, again, knows.Phone.Code()).Address.Path)

		dead := b.Submit(shown, "saved", "yes", "set", set)
		require.Equal(t, http.StatusUnprocessableEntity, dead.Status)
		require.Contains(t, dead.Text(), "the codes you saved are not active. Throw them away")
		require.Equal(t, "/account/codes/new", b.Submit(dead).Address.Path, "from there the person can get new codes")
		later := b.Open("/account/codes/new")
		require.NotEqual(t, logintest.RecoveryCodes(shown), logintest.RecoveryCodes(later))
		require.Equal(t, http.StatusUnprocessableEntity, b.Submit(later, "saved", "yes", "set", set).Status, "the second tab cannot keep the codes of the first")
	})
}

func TestFewRecoveryCodesLeft(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		user, err := w.Store.Users.Find(t.Context(), logintest.Ada)
		require.NoError(t, err)
		for _, left := range []int{4, 3, 0} {
			require.NoError(t, w.Store.RecoveryCodes.Replace(t.Context(), user.ID, []string{"a", "b", "c", "d"}[:left]))
			require.Equal(t, left <= 3, strings.Contains(b.Open("/account/codes").Body, `class="warning"`), left)
		}
	})
}
