package templates

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// placeholder finds the values in a message.
var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

func placeholders(text string) []string {
	found := make(map[string]bool)
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// pluralForms returns the forms that whole numbers take in a language, CLDR.
func pluralForms(tag string) []string {
	names := map[plural.Form]string{
		plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
	}
	forms := map[string]bool{"other": true} // the one to fall back on
	for n := range 1000 {
		forms[names[plural.Cardinal.MatchPlural(language.MustParse(tag), n, 0, 0, 0, 0)]] = true
	}
	return slices.Sorted(maps.Keys(forms))
}

// TestEveryMessageIsTranslated: every language has each English message, in
// all plural forms that it needs, with the same values.
func TestEveryMessageIsTranslated(t *testing.T) {
	english := messages(t, "en")
	for _, l := range Languages() {
		t.Run(l.Tag, func(t *testing.T) {
			translated := messages(t, l.Tag)
			require.ElementsMatch(t, slices.Collect(maps.Keys(english)), slices.Collect(maps.Keys(translated)))
			for key, forms := range english {
				want := []string{"other"}
				if len(forms) > 1 {
					want = pluralForms(l.Tag)
				}
				require.Subset(t, slices.Collect(maps.Keys(translated[key])), want, "%s: plural forms", key)
				for form, text := range translated[key] {
					require.NotEmpty(t, strings.TrimSpace(text), key)
					if form == "other" {
						require.Equal(t, placeholders(forms["other"]), placeholders(text), "%s: values", key)
					} else {
						require.Subset(t, placeholders(forms["other"]), placeholders(text), "%s, %s: values", key, form)
					}
				}
			}
		})
	}
}

// same are messages that are spelled alike in English and another language.
var same = map[string][]string{
	"de": {"account.nav_apps", "browser.on_unknown", "code.code", "profile.website"},
	"fr": {"account.nav_sessions", "browser.on_unknown", "code.code", "enroll.service"},
	"es": {"browser.on_unknown", "common.error"},
	"pt": {"account.nav_apps", "browser.on_unknown"},
	"ja": {"browser.on_unknown"},
	"ar": {"browser.on_unknown"},
}

func TestTranslationsAreNotEnglish(t *testing.T) {
	english := messages(t, "en")
	for _, l := range Languages()[1:] {
		for key, forms := range messages(t, l.Tag) {
			if forms["other"] == english[key]["other"] && !slices.Contains(same[l.Tag], key) {
				t.Errorf("%s: %s is still in English", l.Tag, key)
			}
		}
	}
}

// TestEveryPageInEveryLanguage renders each page in each language, and checks that it has no English text.
func TestEveryPageInEveryLanguage(t *testing.T) {
	p := newPages(t, Config{})
	english := messages(t, "en")
	for _, l := range Languages()[1:] {
		for name, view := range samples() {
			c, w := ask("/", l.Tag, "")
			require.NoError(t, p.Render(c, http.StatusOK, view), "%s in %s", name, l.Tag)
			page := text(parsePage(t, w.Body.Bytes()))
			for key, forms := range english {
				// Short ones are words of both languages, those with a value are compared by TestTranslationsAreNotEnglish.
				if sentence := forms["other"]; len(sentence) > 25 && !strings.Contains(sentence, "{{") && !slices.Contains(same[l.Tag], key) {
					require.NotContains(t, page, sentence, "%s in %s: %s", name, l.Tag, key)
				}
			}
		}
	}
}
