package templates

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/text/language"
)

// A message of the marked language is the English one between these.
const (
	mark1 = "⟦"
	mark2 = "⟧"
)

// markWords makes p say every message between marks.
func markWords(t *testing.T, p *Pages) {
	t.Helper()
	bundle := i18n.NewBundle(language.English)
	for key, forms := range messages(t, "en") {
		message := &i18n.Message{ID: key, Other: mark1 + forms["other"] + mark2}
		if len(forms) > 1 {
			message.One = mark1 + forms["one"] + mark2
		}
		require.NoError(t, bundle.AddMessages(language.English, message))
	}
	p.words.localizers["en"] = func() (*i18n.Localizer, error) { return i18n.NewLocalizer(bundle, "en"), nil }
}

// TestNoPageSaysAWordOfItsOwn checks that all text of a page is a message, or a value in an element of its own.
func TestNoPageSaysAWordOfItsOwn(t *testing.T) {
	p := newPages(t, Config{})
	markWords(t, p)
	for name, view := range samples() {
		t.Run(name, func(t *testing.T) {
			doc := parsePage(t, render(t, p, http.StatusOK, view).Body.Bytes())
			for n := range doc.Descendants() {
				switch {
				case n.Type == html.TextNode && n.Parent.Data == "title":
					require.Contains(t, n.Data, mark1)
				case n.Type == html.TextNode && !value(n.Parent):
					require.Empty(t, ownWords(n), "a word that is no message, in <%s>", n.Parent.Data)
				case n.Type == html.ElementNode:
					for _, name := range []string{"aria-label", "alt", "title", "placeholder"} {
						if text, ok := attr(n, name); ok && text != "" {
							require.Contains(t, text, mark1, "%s of <%s>", name, n.Data)
						}
					}
				}
			}
		})
	}
}

// value reports whether an element contains a value: a name, a key, a time.
func value(n *html.Node) bool {
	for up := n; up != nil; up = up.Parent {
		if slices.Contains([]string{"bdi", "code", "time", "svg", "option", "textarea"}, up.Data) {
			return true
		}
	}
	_, hreflang := attr(n, "hreflang")
	_, lang := attr(n, "lang")
	class, _ := attr(n, "class")
	return hreflang || lang || slices.Contains(strings.Fields(class), "status") || hidden(n)
}

func hidden(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if text, _ := attr(n, "aria-hidden"); text == "true" {
			return true
		}
	}
	return false
}

// ownWords returns the letters of a text that are not between marks. A message
// with a value in it is several nodes: marks are counted over all of them.
func ownWords(n *html.Node) string {
	depth := 0
	for s := n.Parent.FirstChild; s != n; s = s.NextSibling {
		depth += strings.Count(textOf(s), mark1) - strings.Count(textOf(s), mark2)
	}
	var own strings.Builder
	for _, r := range n.Data {
		switch {
		case string(r) == mark1:
			depth++
		case string(r) == mark2:
			depth--
		case depth == 0 && unicode.IsLetter(r):
			own.WriteRune(r)
		}
	}
	return own.String()
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	return text(n)
}
