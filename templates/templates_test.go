package templates

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// pagesDir names a folder that TestEveryPage writes every sample page to.
const pagesDir = "POSTERN_PAGES_DIR"

func newPages(t *testing.T, cfg Config) *Pages {
	t.Helper()
	gin.SetMode(gin.TestMode)
	p, err := New(cfg)
	require.NoError(t, err)
	return p
}

// render answers one request with view.
func render(t *testing.T, p *Pages, status int, view View) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	require.NoError(t, p.Render(c, status, view))
	return w
}

func parsePage(t *testing.T, body []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(body))
	require.NoError(t, err)
	return doc
}

// elements returns the descendants of n with one of the tags; all when there
// are none.
func elements(n *html.Node, tags ...string) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
		if len(tags) == 0 || slices.Contains(tags, d.Data) {
			found = append(found, d)
		}
	}
	return found
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Browsers show what stands in <title> as text, elements included.
func TestTitlesArePlainText(t *testing.T) {
	p := newPages(t, Config{Brand: Brand{Name: "A & B"}})
	views := samples()
	views["message-value"] = Message{Title: T("device.confirm_title", "App", "<Harbour> & Notes"), Text: T("device.allowed")}
	views["error-value"] = ErrorPage{Status: 400, Title: T("device.confirm_title", "App", "Harbour Notes"), Message: T("error.ours")}
	for _, l := range Languages() {
		for name, view := range views {
			c, w := ask("/", l.Tag, "")
			require.NoError(t, p.Render(c, http.StatusOK, view))
			titles := elements(parsePage(t, w.Body.Bytes()), "title")
			require.Len(t, titles, 1, name)
			title := text(titles[0])
			require.Contains(t, title, "A & B", name)
			require.NotContains(t, strings.ReplaceAll(title, "<Harbour> & Notes", ""), "<", "%s in %s", name, l.Tag)
			require.NotContains(t, title, "&lt;", "%s in %s", name, l.Tag)
		}
	}
	files, err := fs.Glob(pageFiles, "*/*.html")
	require.NoError(t, err)
	for _, file := range append(files, "error.html", "message.html") {
		source, err := fs.ReadFile(pageFiles, file)
		require.NoError(t, err)
		title, _, _ := strings.Cut(string(source), "{{end}}")
		require.NotRegexp(t, `{{define "title"}}.*{{-? ?(t|n|say) `, title, "%s: a title is said by plain", file)
	}
}

func TestEveryPage(t *testing.T) {
	p := newPages(t, Config{})
	shown := make(map[string]bool)
	for name, view := range samples() {
		shown[view.template()] = true
		t.Run(name, func(t *testing.T) {
			w := render(t, p, http.StatusOK, view)
			if dir := os.Getenv(pagesDir); dir != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name+".html"), w.Body.Bytes(), 0o644))
			}
			require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
			require.NotContains(t, w.Body.String(), "ZgotmplZ")
			doc := parsePage(t, w.Body.Bytes())
			checkFrame(t, doc, view.page().Error.Key != "")
			checkIDs(t, doc)
			checkFields(t, doc)
			checkNothingInline(t, doc)
		})
	}
	for _, view := range allViews() {
		require.True(t, shown[view.template()], "%s has no sample", view.template())
	}
}

// checkFrame looks at what every page has around its content.
func checkFrame(t *testing.T, doc *html.Node, failed bool) {
	root := elements(doc, "html")[0]
	lang, _ := attr(root, "lang")
	dir, _ := attr(root, "dir")
	require.Equal(t, "en ltr", lang+" "+dir)
	for _, tag := range []string{"title", "header", "main", "footer", "h1"} {
		found := elements(doc, tag)
		require.Len(t, found, 1, tag)
		require.NotEmpty(t, text(found[0]), tag)
	}
	title := text(elements(doc, "title")[0])
	require.Equal(t, failed, strings.HasPrefix(title, "Error: "), title)
	if failed {
		alerts := 0
		for _, n := range elements(doc) {
			if role, _ := attr(n, "role"); role == "alert" {
				alerts++
			}
		}
		require.Equal(t, 1, alerts)
	}
	require.NotEmpty(t, elements(elements(doc, "main")[0], "a", "button"), "a page without a way on")
}

// checkIDs: ids are unique and every reference to one resolves.
func checkIDs(t *testing.T, doc *html.Node) {
	ids := make(map[string]bool)
	for _, n := range elements(doc) {
		if id, ok := attr(n, "id"); ok {
			require.False(t, ids[id], "id %q twice", id)
			ids[id] = true
		}
	}
	for _, n := range elements(doc) {
		for _, name := range []string{"aria-describedby", "aria-labelledby", "aria-controls", "for"} {
			refs, _ := attr(n, name)
			for _, id := range strings.Fields(refs) {
				require.True(t, ids[id], "%s=%q points nowhere", name, id)
			}
		}
		if invalid, _ := attr(n, "aria-invalid"); invalid == "true" {
			described, _ := attr(n, "aria-describedby")
			require.True(t, slices.ContainsFunc(strings.Fields(described), func(id string) bool {
				return id == "error" || strings.HasSuffix(id, "-error")
			}), "%q does not say what is wrong", described)
		}
	}
}

// checkFields: forms post, fields are labelled and take whatever is pasted.
func checkFields(t *testing.T, doc *html.Node) {
	labelled := make(map[string]bool)
	for _, label := range elements(doc, "label") {
		id, _ := attr(label, "for")
		labelled[id] = text(label) != ""
	}
	for _, input := range elements(doc, "input", "select", "textarea") {
		id, _ := attr(input, "id")
		if kind, _ := attr(input, "type"); kind == "hidden" {
			continue
		}
		require.True(t, labelled[id], "input %q has no label", id)
		for _, name := range []string{"maxlength", "pattern", "onpaste"} {
			_, ok := attr(input, name)
			require.False(t, ok, "input %q has %s", id, name)
		}
	}
	for _, img := range elements(doc, "img") {
		_, ok := attr(img, "alt")
		require.True(t, ok, "img without alt")
	}
	checkFocus(t, doc)
	for _, form := range elements(doc, "form") {
		_, ours := attr(form, "novalidate")
		require.True(t, ours || len(elements(form, "input", "select", "textarea")) == hiddenIn(form), "the browser's words would replace ours")
		method, _ := attr(form, "method")
		require.Equal(t, "post", method)
		submits := 0
		for _, button := range elements(form, "button") {
			require.NotEmpty(t, text(button))
			if kind, _ := attr(button, "type"); kind != "button" {
				submits++
			}
		}
		require.Positive(t, submits)
	}
}

func hiddenIn(form *html.Node) int {
	count := 0
	for _, input := range elements(form, "input") {
		if kind, _ := attr(input, "type"); kind == "hidden" {
			count++
		}
	}
	return count
}

// checkFocus: what is wrong has the focus, the first of it, and nothing that is right. Where the mistake may be in either of two fields it
// is in one of them.
func checkFocus(t *testing.T, doc *html.Node) {
	var focused, wrong []string
	for _, field := range elements(doc, "input", "select", "textarea") {
		id, _ := attr(field, "id")
		if _, ok := attr(field, "autofocus"); ok {
			focused = append(focused, id)
		}
		if _, ok := attr(field, "aria-invalid"); ok {
			wrong = append(wrong, id)
		}
	}
	require.LessOrEqual(t, len(focused), 1, "the focus has one place")
	if slices.Equal(wrong, []string{"username", "password"}) {
		require.Contains(t, wrong, focused[0])
	} else if len(wrong) > 0 {
		require.Equal(t, wrong[:1], focused)
	}
}

// checkNothingInline: nothing that the Content-Security-Policy forbids.
func checkNothingInline(t *testing.T, doc *html.Node) {
	require.Empty(t, elements(doc, "style", "object", "embed", "base"))
	for _, frame := range elements(doc, "iframe") {
		_, inline := attr(frame, "srcdoc")
		_, hidden := attr(frame, "hidden")
		require.True(t, hidden && !inline)
	}
	scripts := elements(doc, "script")
	require.Len(t, scripts, 1)
	src, _ := attr(scripts[0], "src")
	require.Regexp(t, `^/assets/postern\.[0-9a-f]{16}\.js$`, src)
	require.Empty(t, text(scripts[0]))
	for _, n := range elements(doc) {
		for _, a := range n.Attr {
			require.NotEqual(t, "style", a.Key)
			require.False(t, strings.HasPrefix(a.Key, "on"), "handler %s on <%s>", a.Key, n.Data)
			if slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) {
				require.False(t, strings.HasPrefix(a.Val, "javascript:"), "%s=%q", a.Key, a.Val)
			}
		}
	}
}
