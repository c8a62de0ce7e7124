package templates

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// ask returns the context of a GET request.
func ask(target, cookie, header string) (*gin.Context, *httptest.ResponseRecorder) {
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, target, nil)
	if cookie != "" {
		c.Request.AddCookie(&http.Cookie{Name: languageCookie, Value: cookie})
	}
	if header != "" {
		c.Request.Header.Set("Accept-Language", header)
	}
	return c, w
}

func TestLanguageIsChosenInThisOrder(t *testing.T) {
	p := newPages(t, Config{})
	for name, test := range map[string]struct {
		target, locales, cookie, header, want string
	}{
		"nothing known":                         {"/", "", "", "", "en"},
		"a browser's preference":                {"/", "", "", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"},
		"its first that we write":               {"/", "", "", "eu;q=1, pt-BR;q=0.5, de;q=0.4", "pt"},
		"weights, not places":                   {"/", "", "", "de;q=0.2, ja;q=0.9", "ja"},
		"only languages that we do not write":   {"/", "", "", "eu, sw", "en"},
		"no header at all":                      {"/", "", "", "¿;;;q=x", "en"},
		"picked before":                         {"/", "", "ar", "fr", "ar"},
		"the app's wish":                        {"/", "xx es-419 de", "ar", "fr", "es"},
		"the app wishes what we do not write":   {"/", "eu", "ar", "fr", "ar"},
		"picked in this sign-in":                {"/?flow=F", "es", "de.F", "fr", "de"},
		"picked in another sign-in":             {"/?flow=G", "es", "de.F", "fr", "es"},
		"picked in another sign-in, no wish":    {"/?flow=G", "", "de.F", "fr", "de"},
		"picked on this page":                   {"/?flow=F&lang=ja", "es", "de.F", "fr", "ja"},
		"nonsense picked":                       {"/?lang=<script>", "", "../../x", "", "en"},
		"ten thousand entries":                  {"/", "", "", strings.Repeat("sw,", 10_000) + "de", "en"},
		"ten thousand wishes":                   {"/", strings.Repeat("sw ", 10_000) + "de", "", "", "en"},
		"a long list whose first tags are good": {"/", "de " + strings.Repeat("sw ", 10_000), "", "", "de"},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := ask(test.target, test.cookie, test.header)
			ForLocales(c, test.locales)
			require.Equal(t, test.want, p.LanguageOf(c).Tag)
			require.NoError(t, p.Render(c, http.StatusOK, SignIn{}))
			require.Equal(t, test.want, w.Header().Get("Content-Language"))
			root := elements(parsePage(t, w.Body.Bytes()), "html")[0]
			lang, _ := attr(root, "lang")
			dir, _ := attr(root, "dir")
			require.Equal(t, test.want, lang)
			require.Equal(t, map[bool]string{true: "rtl", false: "ltr"}[lang == "ar"], dir)
		})
	}
}

func TestPickedLanguageIsRemembered(t *testing.T) {
	p := newPages(t, Config{Secure: true})
	c, w := ask("/?flow=F&lang=de", "", "")
	require.NoError(t, p.Render(c, http.StatusOK, SignIn{}))
	require.Equal(t, "postern_lang=de.F; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax", w.Header().Get("Set-Cookie"))

	c, w = ask("/?flow=F", "", "de")
	require.NoError(t, p.Render(c, http.StatusOK, SignIn{}))
	require.Empty(t, w.Header().Get("Set-Cookie"), "only a choice is kept")
}

func TestEveryPageOffersTheOtherLanguages(t *testing.T) {
	p := newPages(t, Config{})
	c, w := ask("/login?flow=F", "", "")
	require.NoError(t, p.Render(c, http.StatusOK, SignIn{}))
	var links []string
	for _, a := range elements(parsePage(t, w.Body.Bytes()), "a") {
		if _, ok := attr(a, "hreflang"); ok {
			href, _ := attr(a, "href")
			links = append(links, href)
		}
	}
	require.Equal(t, []string{"?flow=F&lang=en", "?flow=F&lang=de", "?flow=F&lang=fr", "?flow=F&lang=es", "?flow=F&lang=pt", "?flow=F&lang=ja", "?flow=F&lang=ar"}, links)

	c, w = ask("/oauth2/auth?client_id=x", "", "")
	require.NoError(t, p.Render(c, http.StatusBadRequest, ErrorPage{}))
	require.Contains(t, w.Body.String(), `href="?client_id=x&amp;lang=de"`)

	c, w = ask("/oauth2/auth?state=secret", "", "")
	c.Request.Method = http.MethodPost
	require.NoError(t, p.Render(c, http.StatusBadRequest, ErrorPage{}))
	require.NotContains(t, w.Body.String(), "secret")
}

// messages returns the messages of a language by key, each with its plural
// forms; a message without has the form "other".
func messages(t *testing.T, tag string) map[string]map[string]string {
	t.Helper()
	files, err := fs.Glob(translationFiles, "translations/"+tag+"/*.json")
	require.NoError(t, err)
	all := make(map[string]map[string]string)
	for _, file := range files {
		text, err := translationFiles.ReadFile(file)
		require.NoError(t, err)
		var raw map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &raw), file)
		for key, value := range raw {
			require.NotContains(t, all, key, "%s has it a second time", file)
			require.Equal(t, strings.TrimSuffix(path.Base(file), ".json"), strings.Split(key, ".")[0], "%s stands in the wrong file", key)
			var one string
			if json.Unmarshal(value, &one) == nil {
				all[key] = map[string]string{"other": one}
				continue
			}
			var forms map[string]string
			require.NoError(t, json.Unmarshal(value, &forms), key)
			all[key] = forms
		}
	}
	return all
}

// used finds the keys that templates name.
var used = regexp.MustCompile(`\b(?:t|n|plain) "([a-z_]+\.[a-z0-9_]+)"`)

func TestTemplatesNameMessagesThatExist(t *testing.T) {
	english := messages(t, "en")
	require.NoError(t, fs.WalkDir(pageFiles, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := pageFiles.ReadFile(name)
		for _, found := range used.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, english, found[1], name)
		}
		return err
	}))
}

func TestMessageWithoutAValueIsAnError(t *testing.T) {
	w := newWords("Example")
	_, err := w.say("en", T("signin.heading_app"))
	require.ErrorIs(t, err, errNoValue)
	_, err = w.say("en", T("no.such_message"))
	require.Error(t, err)
	text, err := w.say("en", T("signin.heading_app", "App", "A\u2069\u202eB"))
	require.NoError(t, err)
	require.Equal(t, "Sign in to continue to \u2068A\u202eB\u2069", text)
	require.True(t, slices.ContainsFunc(Languages(), func(l Language) bool { return l.Dir == "rtl" }))
}
