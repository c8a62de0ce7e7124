package login_test

import (
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// inWorlds is inWorld on both databases. Only SQLite has its own time.
func inWorlds(t *testing.T, body func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { inWorld(t, body) })
	t.Run("postgres", func(t *testing.T) { body(t, newWorld(t, storagetest.Postgres(t))) })
}

// signedIn enrols a user, who is signed in at the browser then.
func (w *world) signedIn(email string) (*browser, phone) {
	w.t.Helper()
	b := newBrowser(w.t, w.handler)
	p := b.submit(b.open(w.invite(email)), "new_password", adaPassword)
	phone := w.scan(p)
	require.Equal(w.t, http.StatusOK, b.submit(b.submit(p, "code", phone.code()), "saved", "yes").status)
	return b, phone
}

func (w *world) user(name string) storage.User {
	w.t.Helper()
	user, err := w.store.FindUser(w.t.Context(), name)
	require.NoError(w.t, err)
	return user
}

// fieldsOf returns what the form of a page would send unchanged, with some fields filled in.
func fieldsOf(p page, fill ...string) []string {
	var fields []string
	for _, input := range regexp.MustCompile(`<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(p.body, -1) {
		fields = append(fields, input[1], html.UnescapeString(input[2]))
	}
	for _, area := range regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(p.body, -1) {
		fields = append(fields, area[1], html.UnescapeString(area[2]))
	}
	if picked := regexp.MustCompile(`<option value="([^"]*)"[^>]* selected>`).FindStringSubmatch(p.body); picked != nil {
		fields = append(fields, "locale", picked[1])
	}
	return append(fields, fill...)
}

var accountSections = []string{"profile", "sessions", "activity", "data", "close"}

func TestAccountPages(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		home := b.open("/account")
		require.Equal(t, http.StatusOK, home.status)
		for _, shown := range []string{"Ada Example", "1 authenticator", "10 left", "Signed in in 1 browser", "No app has access", "not confirmed yet"} {
			require.Contains(t, home.text(), shown)
		}
		require.NotContains(t, home.text(), "Someone else knows your password")
		for _, section := range accountSections {
			p := b.open("/account/" + section)
			require.Equal(t, http.StatusOK, p.status, section)
			require.Contains(t, p.body, `<a href="/account/`+section+`" aria-current="page">`, section)
			require.Equal(t, "no-store", p.header.Get("Cache-Control"), section)
			require.Contains(t, home.body, `href="/account/`+section+`"`)
		}
		require.NotContains(t, b.open("/account/profile?done=nonsense").body, `class="done"`)
	})
}

func TestAccountPagesAreForTheirOwner(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled(ada)
		for _, section := range accountSections {
			b := newBrowser(t, w.handler)
			require.Equal(t, "/login?to="+section, b.open("/account/"+section).address.RequestURI())
			if section != "activity" {
				require.Equal(t, "/login?to="+section, b.post("/account/"+section, "others", "yes", "understood", "yes").address.RequestURI())
			}
		}
		require.Equal(t, ada, w.user(ada).Email)
	})
}

func TestProfilePage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		p := b.open("/account/profile")
		saved := b.post("/account/profile", fieldsOf(p, "nickname", "ada", "street_address", "Hafen 1\r\nHinterhaus", "phone_number", "+49 30 1234", "locale", "de")...)
		require.Equal(t, "/account/profile?done=profile", saved.address.RequestURI())
		require.Contains(t, saved.body, `class="done" role="status"`)
		require.Equal(t, storage.Claims{
			"name": "Ada Example", "nickname": "ada", "phone_number": "+49 30 1234", "locale": "de",
			"address": map[string]any{"street_address": "Hafen 1\nHinterhaus"},
		}, w.user(ada).Claims)
		require.Equal(t, "de", b.open("/account").header.Get("Content-Language"), "the language is picked for the browser, too")
		saved = b.open("/account/profile?lang=en")

		wrong := b.post("/account/profile?done=profile", fieldsOf(saved, "nickname", "still here", "website", "example.test", "birthdate", "yesterday")...)
		require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
		require.Contains(t, wrong.body, `<title>Error:`)
		require.Regexp(t, `name="website"[^>]* value="example.test" aria-invalid="true" aria-describedby="website-hint website-error"`, wrong.body)
		require.Contains(t, wrong.body, `id="birthdate-error"`)
		require.NotContains(t, wrong.body, `class="done"`, "what was saved before is not told beside what was not")
		require.Regexp(t, `id="birthdate"[^>]* autofocus aria-invalid`, wrong.body, "the first mistake")
		require.Contains(t, wrong.body, `value="still here"`)
		require.NotContains(t, w.user(ada).Claims, "website")
		require.Equal(t, http.StatusUnprocessableEntity, b.post("/account/profile", fieldsOf(saved, "locale", "tlh")...).status)
	})
}

func TestProfileTakesItsOwnFieldsOnly(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		before := w.user(ada)
		p := b.open("/account/profile")
		for _, name := range []string{"id", "email", "email_verified", "groups", "admin", "username", "phone_number_verified", "claims", "password_hash", ""} {
			require.Equal(t, http.StatusBadRequest, b.post("/account/profile", fieldsOf(p, name, "true", "nickname", "ada")...).status, name)
		}
		require.Equal(t, http.StatusBadRequest, b.post("/account/profile", "nickname", "ada").status, "without what was seen")
		require.Equal(t, before, w.user(ada))
	})
}

func TestTwoTabsLoseNoEdit(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		first, second := b.open("/account/profile"), b.open("/account/profile")
		time.Sleep(time.Second)
		b.post("/account/profile", fieldsOf(first, "nickname", "first")...)
		stale := b.post("/account/profile", fieldsOf(second, "website", "https://example.test")...)
		require.Equal(t, http.StatusConflict, stale.status)
		require.Contains(t, stale.text(), "Stored now: first")
		require.Equal(t, "first", w.user(ada).Claims["nickname"])
		again := b.post("/account/profile", fieldsOf(stale, "nickname", "both")...)
		require.Equal(t, http.StatusOK, again.status)
		require.Equal(t, "both", w.user(ada).Claims["nickname"])
		require.Equal(t, "https://example.test", w.user(ada).Claims["website"])
	})
}

// What an operator stored says more than the page can show, and stays until the person picks something else.
func TestLocaleStaysAsPrecise(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		user := w.user(ada)
		require.NoError(t, w.store.ReplaceClaims(t.Context(), user.ID, storage.Claims{"locale": "pt-BR"}, user.UpdatedAt.Time, time.Now()))
		b.post("/account/profile", fieldsOf(b.open("/account/profile"), "nickname", "ada")...)
		require.Equal(t, "pt-BR", w.user(ada).Claims["locale"])
		b.post("/account/profile", fieldsOf(b.open("/account/profile"), "locale", "fr")...)
		require.Equal(t, "fr", w.user(ada).Claims["locale"])
	})
}

func TestSessionsPage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		here, phone := w.signedIn(ada)
		time.Sleep(time.Minute)
		elsewhere := func() *browser {
			time.Sleep(time.Minute)
			b := newBrowser(t, w.handler)
			b.agent = "Mozilla/5.0 (iPhone) Safari/604.1"
			b.submit(b.submit(b.open("/login"), "username", ada, "password", adaPassword), "code", phone.code())
			require.Equal(t, "/account", b.open("/account").address.Path)
			return b
		}
		stranger, _ := w.signedIn("eve@example.test")
		first, second := elsewhere(), elsewhere()
		p := here.open("/account/sessions")
		for _, shown := range []string{"Firefox on Linux This browser", "Safari on iPhone", "192.0.2.0/24"} {
			require.Contains(t, p.text(), shown)
		}
		ids := regexp.MustCompile(`name="session" value="([A-Z2-7]{26})"`).FindAllStringSubmatch(p.body, -1)
		require.Len(t, ids, 2)
		require.Equal(t, http.StatusNotFound, stranger.post("/account/sessions", "session", ids[0][1]).status)
		require.Equal(t, http.StatusNotFound, here.post("/account/sessions", "session", "nonsense").status)
		require.Equal(t, http.StatusNotFound, here.post("/account/sessions").status)
		require.Equal(t, "/account", second.open("/account").address.Path, "nobody else ends it")

		ended := here.post("/account/sessions", "session", ids[0][1]) // the newest stands first
		require.Equal(t, "/account/sessions?done=session", ended.address.RequestURI())
		require.Contains(t, ended.text(), "That browser was signed out.")
		require.Equal(t, "/login", second.open("/account").address.Path)
		require.Equal(t, "/account", first.open("/account").address.Path)

		device := here.cookie(deviceCookie)
		all := here.post("/account/sessions", "others", "yes")
		require.Contains(t, all.text(), "All other browsers were signed out.")
		require.NotContains(t, all.text(), "Everywhere else")
		require.Equal(t, "/login", first.open("/account").address.Path)
		require.NotEqual(t, device, here.cookie(deviceCookie), "this browser is still known")
		require.Equal(t, "/account", stranger.open("/account").address.Path)
	})
}

func TestActivityPage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		_, err := w.account.Unlock(t.Context(), ada, account.Operator{}, time.Now())
		require.NoError(t, err)
		for range 9 {
			newBrowser(t, w.handler).post("/login", "username", ada, "password", "wrong")
		}
		for range 20 {
			b.post("/account/profile", fieldsOf(b.open("/account/profile"), "nickname", storage.NewID())...)
		}
		p := b.open("/account/activity")
		require.Contains(t, p.text(), "Profile changed")
		require.Equal(t, 25, strings.Count(p.body, "data-moment"))
		require.NotContains(t, p.body, "Newest")
		text := p.text()
		for range 2 {
			older := regexp.MustCompile(`href="(/account/activity\?before=[A-Z2-7]{26})"`).FindStringSubmatch(p.body)
			if older == nil {
				break
			}
			p = b.open(older[1])
			text += p.text()
			require.Contains(t, p.body, "Newest")
		}
		for _, shown := range []string{"Wrong password", "Firefox on Linux", "192.0.2.0/24", "by the people who run", "Authenticator set up"} {
			require.Contains(t, text, shown)
		}
		require.Equal(t, http.StatusNotFound, b.open("/account/activity?before='--").status)
		require.Contains(t, b.open("/account/activity?before="+storage.NewID()).text(), "Nothing is recorded here")
	})
}

func TestDataDownload(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		p := b.submit(b.open("/account/data"))
		require.Equal(t, http.StatusOK, p.status)
		require.Equal(t, `attachment; filename="account.json"`, p.header.Get("Content-Disposition"))
		require.Equal(t, "application/json", p.header.Get("Content-Type"))
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
		require.Equal(t, "nosniff", p.header.Get("X-Content-Type-Options"))
		var data account.Data
		require.NoError(t, json.Unmarshal([]byte(p.body), &data))
		require.Equal(t, w.user(ada).ID, data.Account.ID)
	})
}

func TestClosingTheAccount(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b, _ := w.signedIn(ada)
		ask := b.open("/account/close")
		unticked := b.submit(ask)
		require.Equal(t, http.StatusUnprocessableEntity, unticked.status)
		require.Contains(t, unticked.text(), "Please tick the box")
		require.Equal(t, ada, w.user(ada).Email)

		closed := b.submit(unticked, "understood", "yes")
		require.Equal(t, "/account/closed", closed.address.Path)
		require.Contains(t, closed.text(), "Your account is closed")
		require.Empty(t, b.cookie(sessionCookie))
		_, err := w.store.FindUser(t.Context(), ada)
		require.ErrorIs(t, err, storage.ErrNotFound)
		mails, err := w.store.Mails(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, ada, mails[0].Recipient)
		require.Equal(t, "/login?to=close", b.submit(ask, "understood", "yes").address.RequestURI(), "sent twice, it meets nobody")
	})
}

func TestWhatNeedsFreshFactorsAsksForThem(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b, phone := w.signedIn(ada)
		form := b.open("/account/close")
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		for _, section := range []string{"data", "close"} {
			require.Equal(t, "/login?to="+section, b.open("/account/"+section).address.RequestURI())
			require.Equal(t, "/login?to="+section, b.post("/account/"+section, "understood", "yes").address.RequestURI())
		}
		require.Equal(t, "/login", b.submit(form, "understood", "yes").address.Path)
		require.Equal(t, ada, w.user(ada).Email, "still there")
		code := b.submit(b.open("/account/data"), "username", ada, "password", adaPassword)
		require.Equal(t, "/account/data", b.submit(code, "code", phone.code()).address.Path, "and leads back")
	})
}
