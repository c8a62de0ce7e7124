package main

import (
	"fmt"
	"sync"
	"testing"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// gallery collects the pages that browsers came by, for the HTML checker, which reads all of them at once.
type gallery struct {
	mu    sync.Mutex
	pages map[string]string // by test and name
}

// newGallery returns a gallery whose pages are checked when t ends.
func newGallery(t *testing.T) *gallery {
	g := &gallery{pages: map[string]string{}}
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

// look takes a picture of the page and lets axe-core, a narrow window's eye and the tab key find nothing wrong with it.
func (g *gallery) look(t *testing.T, b *browsertest.Browser, name string) {
	t.Helper()
	b.Screenshot(name)
	violations, _ := b.Violations()
	for _, fault := range append(append(violations, b.Sideways()...), b.KeyboardFaults()...) {
		t.Errorf("%s: %s", name, fault)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pages[fmt.Sprintf("%s/%s", t.Name(), name)] = b.Source()
}
