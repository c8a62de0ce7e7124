package templates

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed translations/*/*.json
var translationFiles embed.FS

// Text is a message that is not in any language yet. Its zero value is empty.
type Text struct {
	// Key names a message in translations/*/*.json, such as
	// "login.wrong_code".
	Key    string
	values map[string]any
	count  any // int, or nil: the message has no plural forms
}

// T is the message called key. pairs are the names and values of its
// placeholders: T("signin.heading", "App", "Harbour Notes"). {{.Brand}} is
// always there.
func T(key string, pairs ...any) Text { return Text{Key: key, values: valuesOf(pairs)} }

// N is T for a message with plural forms; {{.Count}} in it is count.
func N(key string, count int, pairs ...any) Text {
	t := T(key, append(pairs, "Count", count)...)
	t.count = count
	return t
}

func valuesOf(pairs []any) map[string]any {
	values := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return values
}

// words translates Texts into every language. It reads a language's files when
// it first needs them.
type words struct {
	brand      string
	localizers map[string]func() (*i18n.Localizer, error) // by tag
}

func newWords(brand string) *words {
	w := &words{brand: brand, localizers: make(map[string]func() (*i18n.Localizer, error))}
	for _, l := range Languages() {
		w.localizers[l.Tag] = sync.OnceValues(func() (*i18n.Localizer, error) { return localizer(l.Tag) })
	}
	return w
}

// localizer reads the messages of a language, and the English ones to fall
// back on.
func localizer(tag string) (*i18n.Localizer, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, t := range []string{"en", tag} {
		files, err := fs.Glob(translationFiles, "translations/"+t+"/*.json")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := translationFiles.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if _, err := bundle.ParseMessageFileBytes(text, t+".json"); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return i18n.NewLocalizer(bundle, tag, "en"), nil
}

// Values are put between these, so that a value in another writing direction does not disturb the sentence (Unicode Standard Annex #9:
// first strong isolate).
const (
	isolate    = "\u2068"
	popIsolate = "\u2069"
)

// noMarks takes the characters out of a value that would end its isolate.
var noMarks = strings.NewReplacer("\u2066", "", "\u2067", "", isolate, "", popIsolate, "")

// say returns t as plain text with its values between isolates.
func (w *words) say(tag string, t Text) (string, error) {
	if t.Key == "" {
		return "", nil
	}
	localizer, err := w.localizers[tag]()
	if err != nil {
		return "", err
	}
	data := map[string]any{"Brand": isolate + noMarks.Replace(w.brand) + popIsolate}
	for name, value := range t.values {
		if text, ok := value.(string); ok {
			value = isolate + noMarks.Replace(text) + popIsolate
		}
		data[name] = value
	}
	text, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: t.Key, TemplateData: data, PluralCount: t.count})
	// Without a translation, text is the English message.
	if untranslated := (*i18n.MessageNotFoundErr)(nil); err != nil && (text == "" || !errors.As(err, &untranslated)) {
		return "", fmt.Errorf("message %s: %w", t.Key, err)
	}
	if strings.Contains(text, "<no value>") {
		return "", fmt.Errorf("message %s: %w", t.Key, errNoValue)
	}
	return text, nil
}

var errNoValue = errors.New("it has a placeholder that was given no value")

// toBDI turns isolates into elements.
var toBDI = strings.NewReplacer(isolate, "<bdi>", popIsolate, "</bdi>")

// plain returns a Text, or the message with a key and values, for <title>,
// where elements would be shown as text.
func (w *words) plain(tag string, what any, pairs []any) (string, error) {
	switch what := what.(type) {
	case Text:
		return w.say(tag, what)
	case string:
		return w.say(tag, T(what, pairs...))
	}
	return "", fmt.Errorf("plain: %T is neither a Text nor a key", what)
}

// html returns t escaped for HTML, with its values in <bdi>. In an attribute
// html/template removes the elements again; in <title> it does not.
func (w *words) html(tag string, t Text) (template.HTML, error) {
	text, err := w.say(tag, t)
	return template.HTML(toBDI.Replace(template.HTMLEscapeString(text))), err
}

// English returns t for logs, commands and clients, without isolates.
func (p *Pages) English(t Text) string {
	text, err := p.words.say("en", t)
	if err != nil {
		return t.Key
	}
	return noMarks.Replace(text)
}
