package templates

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

var update = flag.Bool("update", false, "write the table in docs/accessibility.md anew")

// narrowest is the width in CSS pixels into which pages have to fit.
const narrowest = 320

// TestPagesAreAccessible checks every sample page in Chromium: with axe-core in both colour schemes, in a narrow window, and with the
// keyboard. The HTML checker reads all of them. docs/accessibility.md has the results.
func TestPagesAreAccessible(t *testing.T) {
	server, pages := serveSamples(t)
	b := browsertest.Start(t, browsertest.Options{JavaScript: true})
	seen, version := map[string][]string{}, ""
	names := slices.Sorted(maps.Keys(pages))
	for _, name := range names {
		check := func(what string, faults []string) {
			for _, fault := range faults {
				t.Errorf("%s, %s: %s", name, what, fault)
			}
			seen[name] = append(seen[name], verdict(faults))
		}
		var violations []string
		b.Appear(false, 0)
		b.Open(server.URL + "/sample/" + name + "?lang=en")
		violations, version = b.Violations()
		b.Screenshot(name + "-light")
		check("light", violations)
		check("keyboard", b.KeyboardFaults())
		b.Appear(true, narrowest)
		violations, _ = b.Violations()
		b.Screenshot(name + "-dark-narrow")
		check("dark", violations)
		sideways := b.Sideways()
		b.Open(server.URL + "/sample/" + name + "?lang=de") // because of its long words
		sideways = append(sideways, b.Sideways()...)
		b.Open(server.URL + "/sample/" + name + "?lang=ar") // because it is written from right to left
		b.Screenshot(name + "-arabic-narrow")
		pages[name+" in Arabic"] = b.Source()
		check("narrow", append(sideways, b.Sideways()...))
	}
	checkArch(t, b)
	table := fmt.Sprintf("axe-core %s.\n\n| Page | axe, light | Keyboard | axe, dark | 320 px | Valid |\n| --- | --- | --- | --- | --- | --- |\n", version)
	validity := browsertest.Validate(t, pages)
	for _, name := range names {
		said := validity[name]
		said.Errors = append(said.Errors, validity[name+" in Arabic"].Errors...)
		for _, fault := range said.Errors {
			t.Errorf("%s, HTML: %s", name, fault)
		}
		for _, remark := range said.Warnings {
			t.Logf("%s, HTML: %s", name, remark)
		}
		table += fmt.Sprintf("| %s | %s | %s |\n", name, strings.Join(seen[name], " | "), verdict(said.Errors))
	}
	browsertest.Record(t, "docs/accessibility.md", "pages", table, *update)
}

// checkArch checks that the text above and below the card is legible on the arch, which axe-core ignores.
func checkArch(t *testing.T, b *browsertest.Browser) {
	for _, dark := range []bool{false, true} {
		b.Appear(dark, 0)
		browsertest.Evaluate[string](b, `document.body.style.background = "var(--arch)"`)
		violations, _ := b.Violations()
		require.Empty(t, violations, "dark: %t", dark)
	}
}

func verdict(faults []string) string {
	if len(faults) > 0 {
		return fmt.Sprintf("%d faults", len(faults))
	}
	return "yes"
}

// serveSamples serves every sample page below /sample/ and returns them by name.
func serveSamples(t *testing.T) (*httptest.Server, map[string]string) {
	p, pages := newPages(t, Config{Contact: sampleContact}), map[string]string{}
	r := gin.New()
	p.Mount(r)
	r.NoRoute(p.NotFound)
	for name, view := range samples() {
		pages[name] = render(t, p, http.StatusOK, view).Body.String()
		r.GET("/sample/"+name, func(c *gin.Context) { require.NoError(t, p.Render(c, http.StatusOK, view)) })
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server, pages
}
