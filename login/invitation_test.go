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

func TestInvitationPages(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		for name, address := range map[string]string{
			"no ticket": "/invite", "malformed": "/invite?ticket=x", "unknown": "/invite?ticket=" + strings.Repeat("A", 43),
		} {
			over := newBrowser(t, w.handler).open(address)
			require.Equal(t, http.StatusGone, over.status, name)
			require.Contains(t, over.text(), "This invitation does not work", name)
		}
		link := w.invite(ada)
		b := newBrowser(t, w.handler)
		form := b.open(link)
		require.Contains(t, form.body, ada)
		require.NotContains(t, form.body, strings.TrimPrefix(link, "/invite?ticket="))
		time.Sleep(72 * time.Hour)
		require.Equal(t, http.StatusGone, b.submit(form, "new_password", adaPassword).status)
	})
	inWorld(t, func(t *testing.T, w *world) {
		link := w.invite(ada)
		b := newBrowser(t, w.handler)
		p := b.submit(b.open(link), "new_password", adaPassword)
		b.submit(b.submit(p, "code", w.scan(p).code()), "saved", "yes")
		used := newBrowser(t, w.handler).open(link)
		require.Equal(t, http.StatusGone, used.status)
	})
}

func TestInvitationOfAnAccountThatIsSetUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled(ada)
		user, err := w.store.FindUser(t.Context(), ada)
		require.NoError(t, err)
		secret := strings.Repeat("A", 43)
		require.NoError(t, w.store.AddTicket(t.Context(), storage.Ticket{
			Hash: storage.Hash(secret), Kind: storage.TicketEnrol, UserID: user.ID,
			CreatedAt: storage.At(time.Now()), ExpiresAt: storage.At(time.Now().Add(time.Hour)),
		}))
		b := newBrowser(t, w.handler)
		ready := b.open("/invite?ticket=" + secret)
		require.Equal(t, http.StatusConflict, ready.status)
		require.Contains(t, ready.text(), "Your account is ready")
		require.Empty(t, b.cookie(ticketCookie))
	})
}

func TestComingBackToTheEnrolment(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.open("/login/enroll").address.Path)
		enrol := b.submit(b.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, "/login/enroll", enrol.address.Path, "the browser still holds the invitation")
		codes := b.submit(enrol, "code", w.scan(enrol).code())
		require.Equal(t, "/account", b.submit(codes, "saved", "yes").address.Path)
	})
}

func TestFiveWrongCodesMakeANewKey(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		p := b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		old := w.scan(p)
		for range 4 {
			p = b.submit(p, "code", "x")
			require.Equal(t, old, w.scan(p))
		}
		p = b.submit(p, "code", "x")
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.text(), "Here is a new key")
		fresh := w.scan(p)
		require.NotEqual(t, old, fresh)
		require.Equal(t, "/login/codes", b.submit(p, "code", fresh.code()).address.Path)
	})
}

// Once it is enrolled, the key is on no page any more.
func TestKeyIsNotShownAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		key := states["complete"](w, b).phone.key
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key.Secret)
		for _, path := range []string{"/account", "/login/enroll", "/login/codes", "/login/code", "/logout", "/invite"} {
			p := b.open(path)
			require.NotContains(t, p.body, text[:8], path)
			require.NotContains(t, p.body, "otpauth:", path)
			require.Equal(t, "no-store", p.header.Get("Cache-Control"), path)
		}
	})
}
