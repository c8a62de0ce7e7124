package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// gallery collects the pages that browsers visited, for the HTML checker, which reads all of them in one run.
type gallery struct {
	mu        sync.Mutex
	pages     map[string]string // by test and name
	templates map[string]bool   // the files of markedTemplates that were seen
}

// newGallery returns a gallery whose pages are checked when t ends. With -short the test is skipped.
func newGallery(t *testing.T) *gallery {
	browsertest.SkipIfShort(t)
	g := &gallery{pages: map[string]string{}, templates: map[string]bool{}}
	t.Cleanup(func() {
		for name, validity := range browsertest.Validate(t, g.pages) {
			for _, fault := range validity.Errors {
				t.Errorf("%s is not valid HTML: %s", name, fault)
			}
			for _, remark := range validity.Warnings {
				t.Logf("%s: %s", name, remark)
			}
		}
	})
	return g
}

// look takes a screenshot of the page, and requires that axe-core finds no violation and that the page fits into a narrow window.
func (g *gallery) look(t *testing.T, b *browsertest.Browser, name string) {
	t.Helper()
	b.Screenshot(name)
	violations, _ := b.Violations()
	for _, fault := range append(violations, b.Sideways()...) {
		t.Errorf("%s: %s", name, fault)
	}
	g.keep(t, b, name)
}

// keep adds the page to those that the HTML checker reads.
func (g *gallery) keep(t *testing.T, b *browsertest.Browser, name string) {
	t.Helper()
	file := browsertest.Evaluate[string](b, `document.body.dataset.template ?? ""`)
	g.add(fmt.Sprintf("%s/%s", t.Name(), name), b.Source())
	g.mu.Lock()
	defer g.mu.Unlock()
	g.templates[file] = true
}

func (g *gallery) add(name, page string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pages[name] = page
}

// markedTemplates returns a folder for the setting templates_dir with the embedded templates, marked with their names on the body element,
// and the files that are pages.
func markedTemplates(t *testing.T) (folder string, files []string) {
	folder, source := t.TempDir(), filepath.Join(root, "templates")
	for _, pattern := range []string{"*.html", "*/*.html"} {
		paths, err := filepath.Glob(filepath.Join(source, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			name, err := filepath.Rel(source, path)
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			marked := string(text) + `{{define "file"}}` + filepath.ToSlash(name) + `{{end}}`
			switch name {
			case "parts.html", filepath.Join("mail", "mail.html"): // no pages
				marked = string(text)
			case "layout.html":
				marked = strings.Replace(string(text), "<body>", `<body data-template="{{template "file"}}">`, 1)
				require.NotEqual(t, string(text), marked, "the body of the layout is not marked")
			default:
				files = append(files, filepath.ToSlash(name))
			}
			require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(marked), 0o644))
		}
	}
	return folder, files
}
