package login_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// present returns the authenticators of the browser's user.
func (w *world) present(b *browser) []storage.Authenticator {
	w.t.Helper()
	profile, err := w.account.Show(w.t.Context(), b.user)
	require.NoError(w.t, err)
	return profile.Authenticators
}

// signsIn types password and code.
func (b *browser) signsIn(from page, code string) page {
	b.t.Helper()
	return b.submit(b.submit(from, "username", b.user, "password", adaPassword), "code", code)
}

func TestAddingAnAuthenticator(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		first, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b, elsewhere := newBrowser(t, w.handler), newBrowser(t, w.handler)
		b.signsIn(b.open("/login"), first.code())
		time.Sleep(10 * time.Minute)
		elsewhere.signsIn(elsewhere.open("/login"), first.code())
		time.Sleep(time.Minute)

		again := b.open("/account/authenticators/new")
		require.Equal(t, "/login?to=authenticators%2Fnew", again.address.RequestURI(), "both factors are shown again")
		shown := b.signsIn(again, first.code())
		require.Equal(t, "/account/authenticators/new", shown.address.Path)
		added := w.scan(shown)
		require.Equal(t, added, w.scan(b.open("/account/authenticators/new")), "a reload shows the same key")
		enrolment := known{}.hiddenIn(shown).fields["enrolment"]

		long := b.submit(shown, "name", strings.Repeat("x", 65), "code", added.code(), "enrolment", enrolment)
		require.Equal(t, http.StatusUnprocessableEntity, long.status)
		require.Contains(t, long.body, `aria-describedby="name_hint error" autofocus aria-invalid="true"`)
		wrong := b.submit(long, "name", "Work phone", "code", added.codeAt(time.Now().Add(4*time.Minute)), "enrolment", enrolment)
		require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
		require.Contains(t, wrong.text(), "the clock of your phone is about 4 minutes ahead")
		require.Contains(t, wrong.body, `value="Work phone"`)
		require.Equal(t, added, w.scan(wrong))

		var list page
		for range 2 { // a double click
			list = b.submit(wrong, "name", "Work phone", "code", added.code(), "enrolment", enrolment)
			require.Equal(t, "/account/authenticators", list.address.Path)
			require.Contains(t, list.text(), "The new authenticator works.")
		}
		require.Contains(t, list.text(), "Authenticator app Added")
		require.Contains(t, list.text(), "Work phone Added")
		require.Len(t, w.present(b), 2)
		require.Equal(t, "/login", elsewhere.open("/account").address.Path)

		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(added.key.Secret)
		for _, path := range []string{"/account", "/account/authenticators", "/account/authenticators/new", "/account/codes", "/login/enroll"} {
			require.NotContains(t, b.open(path).body, text[:8], path)
		}

		time.Sleep(time.Minute)
		code := elsewhere.submit(elsewhere.open("/login"), "username", ada, "password", adaPassword)
		require.Contains(t, code.text(), "Open one of your authenticators")
		require.Contains(t, code.body, "<li><bdi>Work phone</bdi></li>")
		require.Equal(t, "/account", elsewhere.submit(code, "code", added.code()).address.Path)
		require.NotContains(t, b.open("/account/authenticators").text(), "Never Rename : Work phone", "its last use is known")
	})
}

func TestReplacingAnAuthenticator(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		first := states["complete"](w, b).phone
		old, device := w.present(b)[0].ID, b.cookie(deviceCookie)
		require.Equal(t, "/account/authenticators", b.post("/account/authenticators/rename?id="+old, "name", "Old phone").address.Path)

		shown := b.open("/account/authenticators/new?replaces=" + old)
		require.Contains(t, shown.body, `name="name" type="text" value="Old phone"`)
		fresh, enrolment := w.scan(shown), known{}.hiddenIn(shown).fields["enrolment"]
		list := b.submit(shown, "name", "", "code", fresh.code(), "enrolment", enrolment)
		require.Contains(t, list.text(), "has replaced the old one")
		require.NotContains(t, list.text(), "Old phone")
		require.NotEqual(t, device, b.cookie(deviceCookie))
		require.Equal(t, "/account", b.open("/account").address.Path, "this browser stays signed in")

		time.Sleep(time.Minute)
		other := newBrowser(t, w.handler)
		code := other.submit(other.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, other.submit(code, "code", first.code()).status)
		require.Equal(t, "/account", other.submit(code, "code", fresh.code()).address.Path)
	})
}

func TestRemovingAuthenticators(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["complete"](w, b)
		both := w.present(b)
		ask := b.open("/account/authenticators/remove?id=" + both[1].ID)
		require.Contains(t, ask.text(), "Remove this authenticator? Second")
		list := b.submit(ask)
		require.Contains(t, list.text(), "The authenticator has been removed.")
		require.Contains(t, list.text(), "Your only authenticator can be replaced, but not removed.")
		require.NotContains(t, list.body, "authenticators/remove")
		require.Equal(t, http.StatusNotFound, b.submit(ask).status, "it is gone already")

		last := b.post("/account/authenticators/remove?id=" + both[0].ID)
		require.Equal(t, http.StatusConflict, last.status)
		require.Contains(t, last.text(), "This is your last authenticator.")
		require.Len(t, w.present(b), 1)
	})
}

func TestAuthenticatorsOfSomebodyElse(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		eve := newBrowser(t, w.handler)
		eve.user = "eve@example.test"
		states["complete"](w, eve)
		b := newBrowser(t, w.handler)
		states["complete"](w, b)
		before := w.present(eve)
		for _, id := range []string{before[0].ID, "none", ""} {
			for _, path := range []string{"rename?id=", "remove?id="} {
				require.Equal(t, http.StatusNotFound, b.open("/account/authenticators/"+path+id).status, path)
				require.Equal(t, http.StatusNotFound, b.post("/account/authenticators/"+path+id, "name", "Mine").status, path)
			}
		}
		require.Equal(t, http.StatusNotFound, b.open("/account/authenticators/new?replaces="+before[0].ID).status)
		require.Equal(t, before, w.present(eve))
	})
}

func TestNewRecoveryCodes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		knows := states["complete"](w, b)
		left := b.open("/account/codes")
		require.Contains(t, left.text(), "You have 10 recovery codes left.")

		shown := b.submit(left)
		require.Equal(t, "/account/codes/new", shown.address.Path)
		codes, set := recoveryCodes(shown), known{}.hiddenIn(shown).fields["set"]
		require.Len(t, codes, 10)
		require.Equal(t, codes, recoveryCodes(b.open("/account/codes/new")), "a reload shows the same")
		require.Equal(t, codes, recoveryCodes(b.submit(b.open("/account/codes"))), "and so does a second tab")
		require.Contains(t, shown.body, `download="recovery-codes.txt"`)

		unticked := b.submit(shown, "set", set)
		require.Equal(t, http.StatusUnprocessableEntity, unticked.status)
		require.Equal(t, codes, recoveryCodes(unticked))
		for range 2 { // a double click
			done := b.submit(unticked, "saved", "yes", "set", set)
			require.Equal(t, "/account/codes", done.address.Path)
			require.Contains(t, done.text(), "The new codes are active.")
		}
		require.Equal(t, "/account/codes", b.open("/account/codes/new").address.Path, "shown once")

		other := newBrowser(t, w.handler)
		other.submit(other.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, other.post("/login/recovery", "recovery_code", knows.recovery).status)
		require.Equal(t, "/login/enroll", other.post("/login/recovery", "recovery_code", codes[0]).address.Path)
	})
}

// A sheet that was shown too long ago is not in force, and the person is told.
func TestOldSheetIsCalledDead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		knows := states["complete"](w, b)
		shown := b.submit(b.open("/account/codes"))
		set := known{}.hiddenIn(shown).fields["set"]
		time.Sleep(10 * time.Minute)
		again := b.submit(shown, "saved", "yes", "set", set)
		require.Equal(t, "/login?to=codes%2Fnew", again.address.RequestURI())
		require.Equal(t, "/account/codes", b.signsIn(again, knows.phone.code()).address.Path)

		dead := b.submit(shown, "saved", "yes", "set", set)
		require.Equal(t, http.StatusUnprocessableEntity, dead.status)
		require.Contains(t, dead.text(), "the codes you saved are not active. Throw them away")
		require.Equal(t, "/account/codes/new", b.submit(dead).address.Path, "from there new ones can be had")
		later := b.open("/account/codes/new")
		require.NotEqual(t, recoveryCodes(shown), recoveryCodes(later))
		require.Equal(t, http.StatusUnprocessableEntity, b.submit(later, "saved", "yes", "set", set).status, "the first tab does not speak for the second")
	})
}

func TestFewRecoveryCodesLeft(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["complete"](w, b)
		user, err := w.store.FindUser(t.Context(), ada)
		require.NoError(t, err)
		for _, left := range []int{4, 3, 0} {
			require.NoError(t, w.store.ReplaceRecoveryCodes(t.Context(), user.ID, []string{"a", "b", "c", "d"}[:left]))
			require.Equal(t, left <= 3, strings.Contains(b.open("/account/codes").body, `class="warning"`), left)
		}
	})
}
