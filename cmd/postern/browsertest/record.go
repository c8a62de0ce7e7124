package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Record compares what a test saw with the part called name of a document, a
// path from the root of the module. The part stands between the comments
// "<!-- NAME -->" and "<!-- end of NAME -->". update writes it instead.
func Record(t testing.TB, document, name, seen string, update bool) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	path := filepath.Join(root, filepath.FromSlash(document))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	begin, end := fmt.Sprintf("<!-- %s -->\n", name), fmt.Sprintf("<!-- end of %s -->\n", name)
	before, rest, found := strings.Cut(string(text), begin)
	recorded, after, complete := strings.Cut(rest, end)
	switch {
	case !found || !complete:
		t.Fatalf("%s has no part %q", document, name)
	case recorded == seen:
	case !update:
		t.Fatalf("%s is not what the test saw; write it with: go test -run '^%s$' . -update\nno longer seen:%s\nnot recorded:%s",
			document, t.Name(), without(recorded, seen), without(seen, recorded))
	default:
		if err := os.WriteFile(path, []byte(before+begin+seen+end+after), 0o644); err != nil {
			t.Fatalf("%s: %v", document, err)
		}
	}
}

// without returns the lines of text that are not among those of other.
func without(text, other string) (lines string) {
	others := strings.Split(other, "\n")
	for line := range strings.SplitSeq(text, "\n") {
		if !slices.Contains(others, line) {
			lines += "\n  " + line
		}
	}
	return lines
}
