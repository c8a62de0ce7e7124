package self_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

var accountSections = []string{"profile", "sessions", "activity", "data", "close"}

func TestAccountPages(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		home := b.Open("/account")
		require.Equal(t, http.StatusOK, home.Status)
		for _, shown := range []string{"Ada Example", "1 authenticator", "10 left", "Signed in in 1 browser", "No app has access", "not confirmed yet"} {
			require.Contains(t, home.Text(), shown)
		}
		require.NotContains(t, home.Text(), "Someone else knows your password")
		for _, section := range accountSections {
			p := b.Open("/account/" + section)
			require.Equal(t, http.StatusOK, p.Status, section)
			require.Contains(t, p.Body, `<a href="/account/`+section+`" aria-current="page">`, section)
			require.Equal(t, "no-store", p.Header.Get("Cache-Control"), section)
			require.Contains(t, home.Body, `href="/account/`+section+`"`)
		}
		require.NotContains(t, b.Open("/account/profile?done=nonsense").Body, `class="done"`)
	})
}

func TestAccountPagesAreForTheirOwner(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		for _, section := range accountSections {
			b := logintest.NewBrowser(t, w.Handler)
			require.Equal(t, "/login?to="+section, b.Open("/account/"+section).Address.RequestURI())
			if section != "activity" {
				require.Equal(t, "/login?to="+section, b.Post("/account/"+section, "others", "yes", "understood", "yes").Address.RequestURI())
			}
		}
		require.Equal(t, logintest.Ada, w.User(logintest.Ada).Email)
	})
}

func TestProfilePage(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		p := b.Open("/account/profile")
		saved := b.Post("/account/profile", logintest.FieldsOf(p, "nickname", "ada", "street_address", "Hafen 1\r\nHinterhaus", "phone_number", "+49 30 1234", "locale", "de")...)
		require.Equal(t, "/account/profile?done=profile", saved.Address.RequestURI())
		require.Contains(t, saved.Body, `class="done" role="status"`)
		require.Equal(t, storage.Claims{
			"name": "Ada Example", "nickname": "ada", "phone_number": "+49 30 1234", "locale": "de",
			"address": map[string]any{"street_address": "Hafen 1\nHinterhaus"},
		}, w.User(logintest.Ada).Claims)
		require.Equal(t, "de", b.Open("/account").Header.Get("Content-Language"), "the language is picked for the browser, too")
		saved = b.Open("/account/profile?lang=en")

		wrong := b.Post("/account/profile?done=profile", logintest.FieldsOf(saved, "nickname", "still here", "website", "example.test", "birthdate", "yesterday")...)
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Contains(t, wrong.Body, `<title>Error:`)
		require.Regexp(t, `name="website"[^>]* value="example.test" aria-invalid="true" aria-describedby="website-hint website-error"`, wrong.Body)
		require.Contains(t, wrong.Body, `id="birthdate-error"`)
		require.NotContains(t, wrong.Body, `class="done"`, "there is no message about an earlier success beside the mistakes")
		require.Regexp(t, `id="birthdate"[^>]* autofocus aria-invalid`, wrong.Body, "the first mistake")
		require.Contains(t, wrong.Body, `value="still here"`)
		require.NotContains(t, w.User(logintest.Ada).Claims, "website")
		require.Equal(t, http.StatusUnprocessableEntity, b.Post("/account/profile", logintest.FieldsOf(saved, "locale", "tlh")...).Status)
	})
}

func TestProfileTakesItsOwnFieldsOnly(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		before := w.User(logintest.Ada)
		p := b.Open("/account/profile")
		for _, name := range []string{"id", "email", "email_verified", "groups", "admin", "username", "phone_number_verified", "claims", "password_hash", ""} {
			require.Equal(t, http.StatusBadRequest, b.Post("/account/profile", logintest.FieldsOf(p, name, "true", "nickname", "ada")...).Status, name)
		}
		require.Equal(t, http.StatusBadRequest, b.Post("/account/profile", "nickname", "ada").Status, "without the version that the page has shown")
		require.Equal(t, before, w.User(logintest.Ada))
	})
}

func TestTwoTabsLoseNoEdit(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		first, second := b.Open("/account/profile"), b.Open("/account/profile")
		time.Sleep(time.Second)
		b.Post("/account/profile", logintest.FieldsOf(first, "nickname", "first")...)
		stale := b.Post("/account/profile", logintest.FieldsOf(second, "website", "https://example.test")...)
		require.Equal(t, http.StatusConflict, stale.Status)
		require.Contains(t, stale.Text(), "Stored now: first")
		require.Equal(t, "first", w.User(logintest.Ada).Claims["nickname"])
		again := b.Post("/account/profile", logintest.FieldsOf(stale, "nickname", "both")...)
		require.Equal(t, http.StatusOK, again.Status)
		require.Equal(t, "both", w.User(logintest.Ada).Claims["nickname"])
		require.Equal(t, "https://example.test", w.User(logintest.Ada).Claims["website"])
	})
}

// The locale that an operator stored is more precise than the page can show, and stays until the person picks another language.
func TestPreciseLocaleIsKept(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		user := w.User(logintest.Ada)
		require.NoError(t, w.Store.Users.ReplaceClaims(t.Context(), user.ID, storage.Claims{"locale": "pt-BR"}, user.UpdatedAt.Time, time.Now()))
		b.Post("/account/profile", logintest.FieldsOf(b.Open("/account/profile"), "nickname", "ada")...)
		require.Equal(t, "pt-BR", w.User(logintest.Ada).Claims["locale"])
		b.Post("/account/profile", logintest.FieldsOf(b.Open("/account/profile"), "locale", "fr")...)
		require.Equal(t, "fr", w.User(logintest.Ada).Claims["locale"])
	})
}

func TestSessionsPage(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		here, phone := w.SignedIn(logintest.Ada)
		time.Sleep(time.Minute)
		elsewhere := func() *logintest.Browser {
			time.Sleep(time.Minute)
			b := logintest.NewBrowser(t, w.Handler)
			b.Agent = "Mozilla/5.0 (iPhone) Safari/604.1"
			b.Submit(b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword), "code", phone.Code())
			require.Equal(t, "/account", b.Open("/account").Address.Path)
			return b
		}
		stranger, _ := w.SignedIn("eve@example.test")
		first, second := elsewhere(), elsewhere()
		p := here.Open("/account/sessions")
		for _, shown := range []string{"Firefox on Linux This browser", "Safari on iPhone", "192.0.2.0/24"} {
			require.Contains(t, p.Text(), shown)
		}
		ids := regexp.MustCompile(`name="session" value="([A-Z2-7]{26})"`).FindAllStringSubmatch(p.Body, -1)
		require.Len(t, ids, 2)
		require.Equal(t, http.StatusNotFound, stranger.Post("/account/sessions", "session", ids[0][1]).Status)
		require.Equal(t, http.StatusNotFound, here.Post("/account/sessions", "session", "nonsense").Status)
		require.Equal(t, http.StatusNotFound, here.Post("/account/sessions").Status)
		require.Equal(t, "/account", second.Open("/account").Address.Path, "nobody else can end it")

		ended := here.Post("/account/sessions", "session", ids[0][1]) // the newest session is first
		require.Equal(t, "/account/sessions?done=session", ended.Address.RequestURI())
		require.Contains(t, ended.Text(), "That browser was signed out.")
		require.Equal(t, "/login", second.Open("/account").Address.Path)
		require.Equal(t, "/account", first.Open("/account").Address.Path)

		device := here.Cookie(logintest.TrustCookie)
		all := here.Post("/account/sessions", "others", "yes")
		require.Contains(t, all.Text(), "All other browsers were signed out.")
		require.NotContains(t, all.Text(), "Everywhere else")
		require.Equal(t, "/login", first.Open("/account").Address.Path)
		require.NotEqual(t, device, here.Cookie(logintest.TrustCookie), "this browser is still trusted")
		require.Equal(t, "/account", stranger.Open("/account").Address.Path)
	})
}

func TestActivityPage(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		_, err := w.Account.Operate.Unlock(t.Context(), logintest.Ada, audit.Operator(), time.Now())
		require.NoError(t, err)
		for range 9 {
			logintest.NewBrowser(t, w.Handler).Post("/login", "username", logintest.Ada, "password", "wrong")
		}
		for range 20 {
			b.Post("/account/profile", logintest.FieldsOf(b.Open("/account/profile"), "nickname", storage.NewID())...)
		}
		p := b.Open("/account/activity")
		require.Contains(t, p.Text(), "Profile changed")
		require.Equal(t, 25, strings.Count(p.Body, "data-moment"))
		require.NotContains(t, p.Body, "Newest")
		text := p.Text()
		for range 2 {
			older := regexp.MustCompile(`href="(/account/activity\?before=[A-Z2-7]{26})"`).FindStringSubmatch(p.Body)
			if older == nil {
				break
			}
			p = b.Open(older[1])
			text += p.Text()
			require.Contains(t, p.Body, "Newest")
		}
		for _, shown := range []string{"Wrong password", "Firefox on Linux", "192.0.2.0/24", "by the people who run", "Authenticator set up"} {
			require.Contains(t, text, shown)
		}
		require.Equal(t, http.StatusNotFound, b.Open("/account/activity?before='--").Status)
		require.Contains(t, b.Open("/account/activity?before="+storage.NewID()).Text(), "Nothing is recorded here")
	})
}

func TestDataDownload(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		p := b.Submit(b.Open("/account/data"))
		require.Equal(t, http.StatusOK, p.Status)
		require.Equal(t, `attachment; filename="account.json"`, p.Header.Get("Content-Disposition"))
		require.Equal(t, "application/json", p.Header.Get("Content-Type"))
		require.Equal(t, "no-store", p.Header.Get("Cache-Control"))
		require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"))
		var data self.Data
		require.NoError(t, json.Unmarshal([]byte(p.Body), &data))
		require.Equal(t, w.User(logintest.Ada).ID, data.Account.ID)
	})
}

func TestClosingTheAccount(t *testing.T) {
	logintest.OnBoth(t, func(t *testing.T, w *logintest.World) {
		b, _ := w.SignedIn(logintest.Ada)
		ask := b.Open("/account/close")
		unticked := b.Submit(ask)
		require.Equal(t, http.StatusUnprocessableEntity, unticked.Status)
		require.Contains(t, unticked.Text(), "Please tick the box")
		require.Equal(t, logintest.Ada, w.User(logintest.Ada).Email)

		closed := b.Submit(unticked, "understood", "yes")
		require.Equal(t, "/account/closed", closed.Address.Path)
		require.Contains(t, closed.Text(), "Your account is closed")
		require.Empty(t, b.Cookie(logintest.SessionCookie))
		_, err := w.Store.Users.Find(t.Context(), logintest.Ada)
		require.ErrorIs(t, err, storage.ErrNotFound)
		mails, err := w.Store.Outbox.List(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, logintest.Ada, mails[0].Recipient)
		require.Equal(t, "/login?to=close", b.Submit(ask, "understood", "yes").Address.RequestURI(), "sent twice, it finds no account")
	})
}

func TestSensitivePagesAskForBothFactors(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b, phone := w.SignedIn(logintest.Ada)
		form := b.Open("/account/close")
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		for _, section := range []string{"data", "close"} {
			require.Equal(t, "/login?to="+section, b.Open("/account/"+section).Address.RequestURI())
			require.Equal(t, "/login?to="+section, b.Post("/account/"+section, "understood", "yes").Address.RequestURI())
		}
		require.Equal(t, "/login", b.Submit(form, "understood", "yes").Address.Path)
		require.Equal(t, logintest.Ada, w.User(logintest.Ada).Email, "still there")
		code := b.Submit(b.Open("/account/data"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, "/account/data", b.Submit(code, "code", phone.Code()).Address.Path, "and lead back")
	})
}
