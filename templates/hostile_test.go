package templates

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// hostile tries to break out of text, attributes, URLs and titles, and to reverse the words that follow it.
const hostile = "javascript:alert(1)\u202e\"'><script>alert(1)</script><b onmouseover=alert(1)></title><style>*{}</style>{{.}}"

// poison sets every string that v holds, so that no field is forgotten. Values
// that Postern builds itself (template.URL, template.HTML) stay as they are.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if text, ok := v.Interface().(Text); ok {
			for name, value := range text.values {
				if _, ok := value.(string); ok {
					text.values[name] = hostile
				}
			}
			return
		}
		if v.Type().PkgPath() != "time" {
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					poison(v.Field(i))
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(hostile)
		}
	}
}

func TestHostileTextIsInert(t *testing.T) {
	p := newPages(t, Config{})
	for name, sample := range samples() {
		t.Run(name, func(t *testing.T) {
			view := reflect.New(reflect.TypeOf(sample)).Elem()
			view.Set(reflect.ValueOf(sample))
			poison(view)
			w := render(t, p, http.StatusOK, view.Interface().(View))
			doc := parsePage(t, w.Body.Bytes())
			checkNothingInline(t, doc)
			require.Empty(t, elements(doc, "b"))
			require.NotContains(t, w.Header().Get("Content-Security-Policy"), "alert")
			for n := range doc.Descendants() {
				if n.Type == html.TextNode && strings.Contains(n.Data, "\u202e") {
					require.True(t, isolated(n), "not isolated: %q in <%s>", n.Data, n.Parent.Data)
				}
			}
		})
	}
}

// isolated reports whether text cannot change the order of the words around it, because it is in a <bdi>, between isolates, or alone in its
// element.
func isolated(n *html.Node) bool {
	if n.Parent.Data == "title" {
		return strings.Count(n.Data, "\u2068") == strings.Count(n.Data, "\u2069")
	}
	return n.Parent.Data == "bdi" || (n.PrevSibling == nil && n.NextSibling == nil)
}
