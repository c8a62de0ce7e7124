package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

//go:embed assets/postern.css assets/postern.js assets/session.js
var assetFiles embed.FS

// asset is one static file, in memory.
type asset struct {
	name        string // "postern.css"
	hash        string // of the content, 16 hex digits
	contentType string
	content     []byte
}

// Types by file name; an operator's logo must have one of the image types.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".jpg":  "image/jpeg",
	".jpeg": "image/jpeg",
	".webp": "image/webp",
}

// The names of the assets that depend on the brand.
const (
	brandCSS = "brand.css"
	markSVG  = "mark.svg"
	logoStem = "logo"
)

// loadAssets returns every asset by its plain name.
func loadAssets(brand Brand) (map[string]asset, error) {
	assets := make(map[string]asset)
	add := func(name string, content []byte) {
		sum := sha256.Sum256(content)
		assets[name] = asset{
			name:        name,
			hash:        hex.EncodeToString(sum[:8]),
			contentType: contentTypes[path.Ext(name)],
			content:     content,
		}
	}
	for _, name := range []string{"postern.css", "postern.js", "session.js"} {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("asset %s: %w", name, err)
		}
		add(name, content)
	}
	color, err := parseHex(brand.Color)
	if err != nil {
		return nil, fmt.Errorf("brand.color %q: %w", brand.Color, err)
	}
	add(brandCSS, brandStyles(color))
	add(markSVG, mark(color))
	if brand.LogoFile != "" {
		ext := strings.ToLower(filepath.Ext(brand.LogoFile))
		if !strings.HasPrefix(contentTypes[ext], "image/") {
			return nil, fmt.Errorf("brand.logo_file %s: %w", brand.LogoFile, errLogoType)
		}
		content, err := os.ReadFile(brand.LogoFile)
		if err != nil {
			return nil, fmt.Errorf("brand.logo_file: %w", err)
		}
		add(logoStem+ext, content)
	}
	return assets, nil
}

var errLogoType = errors.New("not an SVG, PNG, JPEG or WebP file by its name")

// logoAsset is the name of the operator's logo, or of Postern's mark.
func (p *Pages) logoAsset() string {
	if p.brand.LogoFile == "" {
		return markSVG
	}
	return logoStem + strings.ToLower(filepath.Ext(p.brand.LogoFile))
}

// assetURL is the address of an asset, with the hash of its content before
// the extension: "/auth/assets/postern.0123456789abcdef.css". An unknown name
// is an error at the start, where every template runs once.
func (p *Pages) assetURL(name string) (string, error) {
	a, ok := p.assets[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	ext := path.Ext(name)
	return p.basePath + "/assets/" + strings.TrimSuffix(name, ext) + "." + a.hash + ext, nil
}

// Mount serves the assets below /assets/ of r, which stands for the issuer's
// path, and the icon at /favicon.ico.
func (p *Pages) Mount(r gin.IRouter) {
	r.GET("/assets/:file", p.serveAsset)
	r.GET("/favicon.ico", func(c *gin.Context) { p.serve(c, p.assets[p.logoAsset()], "public, max-age=86400") })
}

// serveAsset answers an address from assetURL with a cache time of a year. For another hash it answers with the current file, uncached:
// during a rolling update, a page of one replica may request its styles from another.
func (p *Pages) serveAsset(c *gin.Context) {
	file := c.Param("file")
	ext := path.Ext(file)
	stem, hash, _ := strings.Cut(strings.TrimSuffix(file, ext), ".")
	a, ok := p.assets[stem+ext]
	if !ok {
		p.NotFound(c)
		return
	}
	cache := "no-cache"
	if hash == a.hash {
		cache = "public, max-age=31536000, immutable"
	}
	p.serve(c, a, cache)
}

// serve answers with an asset, or 304 when the browser has it.
func (p *Pages) serve(c *gin.Context, a asset, cache string) {
	h := c.Writer.Header()
	p.setCommon(h)
	// An SVG opened by itself is a document: it may draw, but not run scripts.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", cache)
	h.Set("ETag", `"`+a.hash+`"`)
	http.ServeContent(c.Writer, c.Request, a.name, time.Time{}, bytes.NewReader(a.content))
}
