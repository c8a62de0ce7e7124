package templates

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// write puts a file below dir and returns its path.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func TestDirReplacesSingleTemplates(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "login/signin.html", `{{define "title"}}Hallo{{end}}{{define "content"}}<h1>Bei {{.App.Name}} anmelden</h1>{{end}}`)
	write(t, dir, "README.md", "not a template")
	p := newPages(t, Config{Dir: dir})
	body := render(t, p, http.StatusOK, SignIn{Page: samplePage()}).Body.String()
	require.Contains(t, body, "Bei Harbour Notes anmelden")
	require.Contains(t, body, `<header class="brand">`, "the layout is still the embedded one")
	require.Contains(t, render(t, p, http.StatusOK, Code{}).Body.String(), "Enter your code")
}

func TestBadReplacementIsNamedAtTheStart(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, want string }{
		"does not parse":   {"login/code.html", `{{define "title"}}`, "unexpected EOF"},
		"unknown field":    {"login/code.html", `{{define "title"}}{{end}}{{define "content"}}{{.Nonsense}}{{end}}`, "Nonsense"},
		"misspelt name":    {"login/signinn.html", `x`, "replaces nothing"},
		"unsafe context":   {"layout.html", `{{define "layout.html"}}<a href="{{if .Error}}x" {{end}}>{{end}}`, "branches"},
		"no such asset":    {"layout.html", `{{define "layout.html"}}{{asset "x.css"}}{{end}}`, "no asset"},
		"missing a define": {"error.html", `<p>x</p>`, "error.html"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, tc.file, tc.content)
			_, err := New(Config{Dir: dir})
			require.ErrorContains(t, err, filepath.Base(tc.file))
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := New(Config{Dir: filepath.Join(t.TempDir(), "absent")})
	require.ErrorContains(t, err, "templates_dir")
}

func TestAssets(t *testing.T) {
	p := newPages(t, Config{BasePath: "/auth"})
	r := gin.New()
	p.Mount(r.Group("/auth"))
	r.NoRoute(p.NotFound)
	for _, name := range []string{"postern.css", "postern.js", brandCSS, markSVG} {
		address, err := p.assetURL(name)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(address, "/auth/assets/"), address)

		w := get(r, address, "*/*")
		require.Equal(t, http.StatusOK, w.Code)
		require.NotEmpty(t, w.Body.Bytes())
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.Equal(t, contentTypes[filepath.Ext(name)], w.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.NotEmpty(t, w.Header().Get("ETag"))
	}

	require.Equal(t, http.StatusNotFound, get(r, "/auth/assets/doc.0000000000000000.go", "*/*").Code)
	require.Equal(t, http.StatusNotFound, get(r, "/auth/assets/..%2fdoc.go", "*/*").Code)
	icon := get(r, "/auth/favicon.ico", "image/*")
	require.Equal(t, "image/svg+xml", icon.Header().Get("Content-Type"))
}

func TestAssetOfAnotherReleaseIsServedUncached(t *testing.T) {
	p := newPages(t, Config{})
	r := gin.New()
	p.Mount(r)
	w := get(r, "/assets/postern.0123456789abcdef.css", "*/*")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
	require.Contains(t, w.Header().Get("ETag"), p.assets["postern.css"].hash)
}

func TestAssetTheBrowserHas(t *testing.T) {
	p := newPages(t, Config{})
	r := gin.New()
	p.Mount(r)
	address, err := p.assetURL("postern.css")
	require.NoError(t, err)
	req, err := http.NewRequest(http.MethodGet, address, nil)
	require.NoError(t, err)
	req.Header.Set("If-None-Match", get(r, address, "*/*").Header().Get("ETag"))
	w := serve(r, req)
	require.Equal(t, http.StatusNotModified, w.Code)
	require.Empty(t, w.Body.Bytes())
}

func TestBrand(t *testing.T) {
	dir := t.TempDir()
	logo := write(t, dir, "our.SVG", `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	p := newPages(t, Config{Brand: Brand{Name: `A & "B"`, Color: "#06c", LogoFile: logo}})
	doc := parsePage(t, render(t, p, http.StatusOK, SignIn{}).Body.Bytes())
	require.Equal(t, `A & "B"`, text(elements(doc, "header")[0]))
	src, _ := attr(elements(doc, "img")[0], "src")
	require.Regexp(t, `^/assets/logo\.[0-9a-f]{16}\.svg$`, src)

	r := gin.New()
	p.Mount(r)
	w := get(r, src, "image/*")
	require.Equal(t, `<svg xmlns="http://www.w3.org/2000/svg"/>`, w.Body.String())
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "sandbox", "a logo opened by itself runs nothing")
}

func TestBadBrandIsNamedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	for want, brand := range map[string]Brand{
		"brand.color":                     {Color: "red;}"},
		"brand.logo_file":                 {LogoFile: filepath.Join(dir, "absent.png")},
		"not an SVG, PNG, JPEG or WebP":   {LogoFile: write(t, dir, "logo.html", "x")},
		`brand.color "#12345"`:            {Color: "#12345"},
		`brand.color "0b6b5b": not a hex`: {Color: "0b6b5b"},
	} {
		_, err := New(Config{Brand: brand})
		require.ErrorContains(t, err, want)
	}
}

// WCAG 2.2, 1.4.3: whatever colour the operator chooses, it can be read.
func TestBrandColourIsReadable(t *testing.T) {
	for _, hex := range []string{"#0b6b5b", "#ffd400", "#fff", "#000", "#00f", "#f00", "#777777", "#111", "#fee", "#8a2be2"} {
		color, err := parseHex(hex)
		require.NoError(t, err)
		for _, part := range strings.Split(string(brandStyles(color)), "\n") {
			if !strings.Contains(part, "--brand") {
				continue
			}
			var light, dark string
			light, dark, _ = strings.Cut(strings.TrimSuffix(strings.SplitN(part, "light-dark(", 2)[1], ");"), ", ")
			l, err := parseHex(light)
			require.NoError(t, err)
			d, err := parseHex(dark)
			require.NoError(t, err)
			require.GreaterOrEqual(t, contrast(l, lightSurface), 4.5, "%s as %s on the light card", hex, light)
			require.GreaterOrEqual(t, contrast(d, darkSurface), 4.5, "%s as %s on the dark card", hex, dark)
			require.GreaterOrEqual(t, contrast(l, textOn(l)), 4.5, "text on %s", light)
			require.GreaterOrEqual(t, contrast(d, textOn(d)), 4.5, "text on %s", dark)
		}
	}
}

func TestWaitMessage(t *testing.T) {
	p := newPages(t, Config{})
	require.Equal(t, "Too many tries. Try again in 1 minute.", p.English(WaitMessage(1)))
	require.Equal(t, "Too many tries. Try again in 1 minute.", p.English(WaitMessage(60e9)))
	require.Equal(t, "Too many tries. Try again in 2 minutes.", p.English(WaitMessage(61e9)))
}
