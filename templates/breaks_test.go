package templates

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// pictured are the pages whose screenshots are kept, in every language and width.
var pictured = []string{"signin-error", "enroll", "enroll-again", "authenticator-new", "codes", "consent", "expired", "authenticators"}

// TestWordsDoNotBreak looks at every sample page in every language, on two phones and on a screen: no word may be broken, no button smaller
// than its text, and nothing may require horizontal scrolling.
func TestWordsDoNotBreak(t *testing.T) {
	server, pages := serveSamples(t)
	b := browsertest.Start(t, browsertest.Options{JavaScript: true})
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		for _, l := range Languages() {
			b.Open(server.URL + "/sample/" + name + "?lang=" + l.Tag)
			for _, width := range []int{narrowest, 390, 1280} {
				b.Appear(false, width)
				for _, fault := range append(b.Breaks(), b.Sideways()...) {
					t.Errorf("%s, %s, %d px: %s", name, l.Tag, width, fault)
				}
				if slices.Contains(pictured, name) {
					b.Screenshot(fmt.Sprintf("%s-%s-%d", name, l.Tag, width))
				}
			}
		}
	}
}
