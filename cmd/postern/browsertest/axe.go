package browsertest

import (
	_ "embed"
	"os"

	"github.com/chromedp/chromedp"
)

//go:embed axe.js
var axeScript string

// Violations runs axe-core on the page as it is shown and returns what breaks a
// rule of WCAG 2.0, 2.1 or 2.2, levels A and AA: rule, element and what to do
// about it, a line for each. version is that of axe-core.
//
// DevTools puts axe-core into the page, past the page's policy, and it goes
// with the page. Scripts that were off are on meanwhile, since axe-core needs a
// timer; those of the page have missed their time and do not run.
func (b *Browser) Violations() (violations []string, version string) {
	b.t.Helper()
	if !Evaluate[bool](b, `typeof axe === "object"`) {
		source, err := os.ReadFile(npmPackage(b.t, "axe-core/axe.min.js"))
		if err != nil {
			b.fatalf("axe-core: %v", err)
		}
		do(b, chromedp.Evaluate[chromedp.Void](string(source)))
	}
	do(b, scripts(true))
	defer do(b, scripts(b.options.JavaScript))
	found := Evaluate[struct {
		Version    string
		Violations []string
	}](b, axeScript)
	return found.Violations, found.Version
}
