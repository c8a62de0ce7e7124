package templates

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed *.html */*.html
var pageFiles embed.FS

// The files that frame every page and are not pages themselves.
const (
	layoutFile = "layout.html"
	partsFile  = "parts.html"
)

// Brand is the look that the operator chose.
type Brand struct {
	// Name is shown in the header and the title of every page. Default: Postern.
	Name string
	// Color is a CSS hex colour, #rgb or #rrggbb, for buttons, links and the
	// focus ring. It is darkened or lightened where it would be too faint to
	// read (WCAG 2.2, 1.4.3). Default: #0b6b5b.
	Color string
	// LogoFile is the path of an SVG, PNG, JPEG or WebP file, served below
	// /assets/. Default: Postern's own mark in the brand's colour.
	LogoFile string
}

// complete returns b with defaults in place of empty fields.
func (b Brand) complete() Brand {
	b.Name, b.Color = cmp.Or(b.Name, "Postern"), cmp.Or(b.Color, "#0b6b5b")
	return b
}

// Config is what New needs. The zero value has Postern's own look, for plain
// http.
type Config struct {
	Brand Brand
	// Dir holds files that replace embedded templates of the same relative
	// name, as in login/signin.html. Empty: none are replaced.
	Dir string
	// BasePath is the path of the issuer: "" or a path such as "/auth",
	// without a slash at its end.
	BasePath string
	// Secure is true if the issuer uses https; HSTS is sent only then.
	Secure bool
	// Instance is the suffix of the cookie names, as in browser.Config.
	Instance string
	Contact  Contact
}

// Pages renders views. It never changes after New and is safe for concurrent
// use.
type Pages struct {
	brand    Brand
	contact  Contact
	basePath string
	secure   bool
	instance string
	dir      string
	words    *words
	sets     map[string]func() (pageSet, error) // by language tag
	assets   map[string]asset                   // by plain name: "postern.css"
}

// pageSet is every page in one language, by file name.
type pageSet map[string]*template.Template

// New reads the logo and parses every template. The error names the file that
// is at fault.
func New(cfg Config) (*Pages, error) {
	cfg.Brand = cfg.Brand.complete()
	assets, err := loadAssets(cfg.Brand)
	if err != nil {
		return nil, err
	}
	p := &Pages{
		brand:    cfg.Brand,
		contact:  cfg.Contact,
		basePath: strings.TrimSuffix(cfg.BasePath, "/"),
		secure:   cfg.Secure,
		instance: cfg.Instance,
		dir:      cfg.Dir,
		words:    newWords(cfg.Brand.Name),
		sets:     make(map[string]func() (pageSet, error)),
		assets:   assets,
	}
	if err := checkReplacements(cfg.Dir); err != nil {
		return nil, err
	}
	for _, l := range Languages() {
		p.sets[l.Tag] = sync.OnceValues(func() (pageSet, error) { return p.parse(l) })
	}
	// The other languages are parsed when somebody first needs them.
	if _, err := p.sets[Languages()[0].Tag](); err != nil {
		return nil, err
	}
	return p, nil
}

// parse returns every page in a language, taking a file from p.dir before the
// embedded one.
func (p *Pages) parse(l Language) (pageSet, error) {
	frame := template.New("").Funcs(p.funcs(l))
	for _, name := range []string{layoutFile, partsFile} {
		if err := parseFile(frame, p.dir, name); err != nil {
			return nil, err
		}
	}
	set := make(pageSet)
	for _, view := range allViews() {
		name := view.template()
		page, err := frame.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if err := parseFile(page, p.dir, name); err != nil {
			return nil, err
		}
		// html/template looks at contexts only when it first runs, so run
		// each page now: a bad replacement must not wait for a visitor.
		if err := page.ExecuteTemplate(io.Discard, layoutFile, sheet{View: view, Language: l}); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		set[name] = page
	}
	return set, nil
}

func (p *Pages) funcs(l Language) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, pairs ...any) (template.HTML, error) { return p.words.html(l.Tag, T(key, pairs...)) },
		"n": func(key string, count int, pairs ...any) (template.HTML, error) {
			return p.words.html(l.Tag, N(key, count, pairs...))
		},
		"plain":     func(what any, pairs ...any) (string, error) { return p.words.plain(l.Tag, what, pairs) },
		"say":       func(t Text) (template.HTML, error) { return p.words.html(l.Tag, t) },
		"brand":     func() Brand { return p.brand },
		"sheetfile": func(s Sheet) (template.URL, error) { return p.words.sheetFile(l, s) },
		"contact":   func() Contact { return p.contact },
		"logo":      func() (string, error) { return p.assetURL(p.logoAsset()) },
		"asset":     p.assetURL,
		"path":      func(path string) string { return p.basePath + path },
		"isolate":   func(text string) string { return isolate + text + popIsolate },
		"utc":       func(t time.Time) string { return t.UTC().Format("15:04:05 MST") },
		"moment":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") },
		"rfc3339":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}
}

// parseFile adds the file called name to set, from dir when it is there.
func parseFile(set *template.Template, dir, name string) error {
	text, shown, err := readTemplate(dir, name)
	if err != nil {
		return fmt.Errorf("template %s: %w", shown, err)
	}
	if _, err := set.New(name).Parse(string(text)); err != nil {
		return fmt.Errorf("template %s: %w", shown, err)
	}
	return nil
}

// readTemplate returns a template's text and where it came from.
func readTemplate(dir, name string) (text []byte, shown string, err error) {
	if dir != "" {
		shown = filepath.Join(dir, filepath.FromSlash(name))
		text, err = os.ReadFile(shown)
		if !errors.Is(err, fs.ErrNotExist) {
			return text, shown, err
		}
	}
	text, err = pageFiles.ReadFile(name)
	return text, name, err
}

// checkReplacements refuses an HTML file in dir that would replace nothing,
// since a misspelt name would otherwise be ignored in silence.
func checkReplacements(dir string) error {
	if dir == "" {
		return nil
	}
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("templates_dir: %w", err)
		}
		if entry.IsDir() || filepath.Ext(name) != ".html" {
			return nil
		}
		if _, err := fs.Stat(pageFiles, name); err != nil {
			return fmt.Errorf("template %s: replaces nothing; the names are those of the embedded templates, such as login/signin.html",
				filepath.Join(dir, name))
		}
		return nil
	})
}
