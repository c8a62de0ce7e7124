package templates

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

// Language is a language in which pages and mails are written.
type Language struct {
	Tag  string // BCP 47, such as "de"
	Name string // in the language itself
	Dir  string // "ltr" or "rtl"
}

// Languages lists all languages. The first one is the default.
func Languages() []Language {
	return []Language{
		{"en", "English", "ltr"},
		{"de", "Deutsch", "ltr"},
		{"fr", "Français", "ltr"},
		{"es", "Español", "ltr"},
		{"pt", "Português", "ltr"},
		{"ja", "日本語", "ltr"},
		{"ar", "العربية", "rtl"},
	}
}

const (
	languageCookie = "postern_lang"
	languageLife   = 365 * 24 * time.Hour
	// longestPreference is how many bytes of a list of languages are read.
	longestPreference = 200
	// localesKey is where ForLocales keeps what the app asked for.
	localesKey = "postern.ui_locales"
)

// ForLocales records the ui_locales of the request in progress (OIDC Core
// section 3.1.2.1: tags in order of preference, separated by blanks).
func ForLocales(c *gin.Context, locales string) { c.Set(localesKey, locales) }

// MatchLanguage returns the language for the first tag of preferred (BCP 47) that matches one of [Languages]. ok is false if no tag
// matches.
func MatchLanguage(preferred ...string) (l Language, ok bool) {
	for _, text := range preferred {
		tag, err := language.Parse(text)
		if err != nil {
			continue
		}
		base, _ := tag.Base()
		at := slices.IndexFunc(Languages(), func(l Language) bool { return l.Tag == base.String() })
		if at >= 0 {
			return Languages()[at], true
		}
	}
	return Languages()[0], false
}

// LanguageOf returns the language of the answer to a request: the one picked on
// this page or in this sign-in, else what the app asked for, else the one
// picked before, else what the browser prefers.
func (p *Pages) LanguageOf(c *gin.Context) Language {
	picked, during, _ := strings.Cut(p.cookieValue(c.Request), ".")
	if during != "" && during != c.Query("flow") {
		during = ""
	}
	var choices []string
	choices = append(choices, c.Query("lang"))
	if during != "" {
		choices = append(choices, picked)
	}
	choices = append(choices, strings.Fields(clip(c.GetString(localesKey)))...)
	choices = append(choices, picked)
	choices = append(choices, accepted(c.GetHeader("Accept-Language"))...)
	l, _ := MatchLanguage(choices...)
	return l
}

func (p *Pages) cookieValue(r *http.Request) string {
	cookie, err := r.Cookie(languageCookie + p.instance)
	if err != nil {
		return ""
	}
	return clip(cookie.Value)
}

// accepted returns the tags of an Accept-Language header, best first (RFC 9110
// section 12.5.4).
func accepted(header string) []string {
	tags, _, err := language.ParseAcceptLanguage(clip(header))
	if err != nil {
		return nil
	}
	texts := make([]string, len(tags))
	for i, tag := range tags {
		texts[i] = tag.String()
	}
	return texts
}

// clip cuts a list of languages at a separator.
func clip(list string) string {
	if len(list) <= longestPreference {
		return list
	}
	cut := strings.LastIndexAny(list[:longestPreference], " ,")
	return list[:max(cut, 0)]
}

// keepLanguage remembers the language that was picked on this page.
func (p *Pages) keepLanguage(c *gin.Context) {
	if l, ok := MatchLanguage(c.Query("lang")); ok {
		p.SetLanguage(c, l)
	}
}

// SetLanguage stores l as the language of this browser.
func (p *Pages) SetLanguage(c *gin.Context, l Language) {
	value := l.Tag
	if flow := c.Query("flow"); flow != "" {
		value += "." + url.QueryEscape(clip(flow))
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: languageCookie + p.instance, Value: value, Path: "/", MaxAge: int(languageLife / time.Second),
		Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// languageLink is a link to the same page in another language.
type languageLink struct {
	Language
	Href    string
	Current bool
}

// longestQuery is the longest query that is repeated in the links to other
// languages. An authorization request may be longer.
const longestQuery = 2048

// languageLinks returns no links for a page that cannot be reached by a link.
func languageLinks(view View, r *http.Request, current Language) []languageLink {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if _, failed := view.(ErrorPage); failed {
			return nil
		}
	}
	if _, answer := view.(FormPost); answer || len(r.URL.RawQuery) > longestQuery {
		return nil
	}
	all := Languages()
	links := make([]languageLink, len(all))
	query := r.URL.Query()
	for i, l := range all {
		query.Set("lang", l.Tag)
		links[i] = languageLink{l, "?" + query.Encode(), l == current}
	}
	return links
}
