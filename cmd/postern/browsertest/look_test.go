package browsertest

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The checks find each fault of a faulty page, and no fault in a good one.
func TestFaultsOfAPageAreFound(t *testing.T) {
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	b := Start(t, Options{})
	b.Open(server.URL + "/testdata/faulty.html")
	violations, version := b.Violations()
	require.Equal(t, "4.14.1", version)
	for _, want := range []string{
		"html-has-lang at html", "color-contrast at div: <div class=\"pale\">", "undecided: color-contrast at .pictured", "target-size at .tiny", "label at input",
	} {
		require.Contains(t, strings.Join(violations, "\n"), want)
	}
	require.Empty(t, b.Sideways(), "the window is wide")
	breaks := strings.Join(b.Breaks(), "\n")
	require.Contains(t, breaks, `Unbreakable breaks in <p class="thin">`)
	require.Contains(t, breaks, `"Cut off" is larger than <button class="thin">`)
	faults := strings.Join(b.KeyboardFaults(), "\n")
	require.Contains(t, faults, "No focus: the focus cannot be seen")
	require.Contains(t, faults, "Behind: it is outside the window or covered by <span class=\"lid\">")
	require.Contains(t, faults, `instead of "First of all"`, "its tabindex takes it out of the order")
	Evaluate[bool](b, `(document.querySelector("[tabindex]").remove(), document.activeElement.blur(), true)`)
	message := failure(t, func(tb testing.TB) {
		failing := *b
		failing.t, failing.options.Keyboard = tb, true
		failing.Press("No focus")
	})
	require.Contains(t, message, "the focus cannot be seen")

	b.Appear(true, 320)
	require.True(t, Evaluate[bool](b, `matchMedia("(prefers-color-scheme: dark)").matches`))
	sideways := strings.Join(b.Sideways(), "\n")
	require.Contains(t, sideways, `<p class="wide">`)
	require.Contains(t, sideways, "in a window of 320")

	b.Open(server.URL)
	require.Empty(t, b.Sideways())
	require.Empty(t, b.Breaks())
	require.Empty(t, b.KeyboardFaults())
	b.Complaints()
}

func TestValidate(t *testing.T) {
	faulty, err := testdata.ReadFile("testdata/faulty.html")
	require.NoError(t, err)
	found := Validate(t, map[string]string{
		"faulty": string(faulty),
		"good":   `<!doctype html><html lang="en"><head><title>Good</title></head><body><p>So it is.</p></body></html>`,
	})
	require.Contains(t, strings.Join(found["faulty"].Errors, "\n"), "line 11: No “p” element in scope")
	require.Contains(t, strings.Join(found["faulty"].Warnings, "\n"), "lang")
	require.NotContains(t, found, "good")
	_, err = readValidity([]byte(`{"messages": [{"type": "non-document-error", "message": "Cannot read"}]}`), nil)
	require.ErrorContains(t, err, "Cannot read")
	_, err = readValidity([]byte("Exception"), nil)
	require.Error(t, err)
}

func TestRecord(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	write("go.mod", "")
	write("doc.md", "Before.\n<!-- table -->\nold\n<!-- end of table -->\nAfter.\n")
	Record(t, "doc.md", "table", "old\n", false)
	Record(t, "doc.md", "table", "new\n", true)
	text, err := os.ReadFile("doc.md")
	require.NoError(t, err)
	require.Equal(t, "Before.\n<!-- table -->\nnew\n<!-- end of table -->\nAfter.\n", string(text))
	require.Contains(t, failure(t, func(tb testing.TB) { Record(tb, "doc.md", "table", "other\n", false) }), "is not what the test saw")
	require.Contains(t, failure(t, func(tb testing.TB) { Record(tb, "doc.md", "list", "", false) }), `has no part "list"`)
	require.Contains(t, failure(t, func(tb testing.TB) { Record(tb, "absent.md", "table", "", false) }), "no such file")
}

// If a program is missing, the error says what to install.
func TestPackagesAreInstalled(t *testing.T) {
	require.FileExists(t, npmPackage(t, "axe-core/axe.min.js"))
	folder := t.TempDir()
	require.ErrorContains(t, installPackages(folder), "package-lock.json")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "package-lock.json"), []byte("{}"), 0o644))
	require.ErrorContains(t, installPackages(folder), "npm ci", "there is no package.json")
	t.Setenv("PATH", t.TempDir())
	require.ErrorContains(t, installPackages(folder), "apt install nodejs npm")
	require.Contains(t, failure(t, func(tb testing.TB) { Validate(tb, nil) }), "apt install default-jre-headless")
}
