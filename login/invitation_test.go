package login_test

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

func TestInvitationPages(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		for name, address := range map[string]string{
			"no ticket": "/invite", "malformed": "/invite?ticket=x", "unknown": "/invite?ticket=" + strings.Repeat("A", 43),
		} {
			over := logintest.NewBrowser(t, w.Handler).Open(address)
			require.Equal(t, http.StatusGone, over.Status, name)
			require.Contains(t, over.Text(), "This invitation does not work", name)
		}
		link := w.Invite(logintest.Ada)
		b := logintest.NewBrowser(t, w.Handler)
		form := b.Open(link)
		require.Contains(t, form.Body, logintest.Ada)
		require.NotContains(t, form.Body, strings.TrimPrefix(link, "/invite?ticket="))
		time.Sleep(72 * time.Hour)
		require.Equal(t, http.StatusGone, b.Submit(form, "new_password", logintest.AdaPassword).Status)
	})
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		link := w.Invite(logintest.Ada)
		b := logintest.NewBrowser(t, w.Handler)
		p := b.Submit(b.Open(link), "new_password", logintest.AdaPassword)
		b.Submit(b.Submit(p, "code", w.Scan(p).Code()), "saved", "yes")
		used := logintest.NewBrowser(t, w.Handler).Open(link)
		require.Equal(t, http.StatusGone, used.Status)
	})
}

func TestInvitationOfAnAccountThatIsSetUp(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		user, err := w.Store.Users.Find(t.Context(), logintest.Ada)
		require.NoError(t, err)
		secret := strings.Repeat("A", 43)
		require.NoError(t, w.Store.Links.Add(t.Context(), storage.Link{
			Hash: storage.Hash(secret), Purpose: storage.LinkEnrol, UserID: user.ID,
			CreatedAt: storage.At(time.Now()), ExpiresAt: storage.At(time.Now().Add(time.Hour)),
		}))
		b := logintest.NewBrowser(t, w.Handler)
		ready := b.Open("/invite?ticket=" + secret)
		require.Equal(t, http.StatusConflict, ready.Status)
		require.Contains(t, ready.Text(), "Your account is ready")
		require.Empty(t, b.Cookie(logintest.InvitationCookie))
	})
}

func TestComingBackToTheEnrolment(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open(w.Invite(logintest.Ada)), "new_password", logintest.AdaPassword)
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.Open("/login/enroll").Address.Path)
		enrol := b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, "/login/enroll", enrol.Address.Path, "the browser still holds the invitation")
		codes := b.Submit(enrol, "code", w.Scan(enrol).Code())
		require.Equal(t, "/account", b.Submit(codes, "saved", "yes").Address.Path)
	})
}

func TestFiveWrongCodesMakeANewKey(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		p := b.Submit(b.Open(w.Invite(logintest.Ada)), "new_password", logintest.AdaPassword)
		old := w.Scan(p)
		for range 4 {
			p = b.Submit(p, "code", "x")
			require.Equal(t, old, w.Scan(p))
		}
		p = b.Submit(p, "code", "x")
		require.Equal(t, http.StatusUnprocessableEntity, p.Status)
		require.Contains(t, p.Text(), "Here is a new key")
		fresh := w.Scan(p)
		require.NotEqual(t, old, fresh)
		require.Equal(t, "/login/codes", b.Submit(p, "code", fresh.Code()).Address.Path)
	})
}

// Once the authenticator is enrolled, no page shows its key any more.
func TestKeyIsNotShownAgain(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		key := w.Complete(b).Phone.Key
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key.Secret)
		for _, path := range []string{"/account", "/login/enroll", "/login/codes", "/login/code", "/logout", "/invite"} {
			p := b.Open(path)
			require.NotContains(t, p.Body, text[:8], path)
			require.NotContains(t, p.Body, "otpauth:", path)
			require.Equal(t, "no-store", p.Header.Get("Cache-Control"), path)
		}
	})
}
