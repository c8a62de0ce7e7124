package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// traceLimit is how many files a reader has to open to follow a request from the listener to its SQL.
const traceLimit = 9

// docs/architecture.md names functions with their file and line, and shows the floors of the packages. With -update this test
// rewrites the lines, the floors and the sentences about the packages.
func TestArchitectureIsDocumented(t *testing.T) {
	file := filepath.Join(root, "docs", "architecture.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	want := renumber(t, string(text))
	want = between(t, want, "floors", "```\n"+drawFloors(t)+"```\n")
	want = between(t, want, "packages", describePackages(t))
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		text = []byte(want)
	}
	have := strings.Split(string(text), "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(have) || have[i] != line {
			t.Fatalf("docs/architecture.md:%d is out of date: %q is right; run: go test ./cmd/postern -run TestArchitectureIsDocumented -update", i+1, line)
		}
	}
	require.Equal(t, len(want), len(text), "docs/architecture.md")
}

func TestArchitectureTracesAreShort(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	require.NoError(t, err)
	for _, heading := range []string{"## One sign-in", "## One code exchange"} {
		_, section, found := strings.Cut(string(text), "\n"+heading)
		require.True(t, found, heading)
		section, _, _ = strings.Cut(section, "\n## ")
		files := map[string]bool{}
		for _, step := range regexp.MustCompile(`(?m)^\d+\. .*$`).FindAllString(section, -1) {
			found := place.FindStringSubmatch(step)
			require.NotNil(t, found, "a step that names no function: %s", step)
			files[found[1]] = true
		}
		require.Greater(t, len(files), 3, heading)
		require.LessOrEqual(t, len(files), traceLimit, "%s: %v", heading, slices.Sorted(maps.Keys(files)))
	}
}

// place matches a function with the place of its declaration: `file:line` `function` or `file:line` `type.method`.
var place = regexp.MustCompile("`([a-z0-9_/]+\\.go):(\\d+)` `([A-Za-z.]+)`")

// renumber returns the text with the places where its functions are declared now. A function may have moved within its package.
func renumber(t *testing.T, text string) string {
	require.NotEmpty(t, place.FindString(text))
	return place.ReplaceAllStringFunc(text, func(old string) string {
		parts := place.FindStringSubmatch(old)
		name, symbol := parts[1], parts[3]
		declared := declarations(t, path.Dir(name), symbol)
		switch {
		case len(declared) == 0:
			t.Errorf("docs/architecture.md: %s is not declared in %s: name the function that does it now", symbol, path.Dir(name))
			return old
		case declared[name] != 0:
			return fmt.Sprintf("`%s:%d` `%s`", name, declared[name], symbol)
		}
		name = slices.Min(slices.Collect(maps.Keys(declared)))
		return fmt.Sprintf("`%s:%d` `%s`", name, declared[name], symbol)
	})
}

// declarations returns the files and lines where a package declares a function, or the method of a type; more than one when the
// declaration depends on the platform.
func declarations(t *testing.T, pkg, symbol string) map[string]int {
	found := map[string]int{}
	for _, name := range sources(t) {
		if path.Dir(name) != pkg {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, filepath.Join(root, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && symbolOf(function) == symbol {
				found[name] = set.Position(function.Name.Pos()).Line
			}
		}
	}
	return found
}

// symbolOf returns the name of a function, or type and name of a method.
func symbolOf(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return function.Name.Name
	}
	receiver := function.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name + "." + function.Name.Name
	}
	return ""
}

// drawFloors draws the table of imports, the highest floor first: each package stands on the floor above the highest one that it imports.
func drawFloors(t *testing.T) string {
	floors := map[int][]string{}
	for pkg := range allowed {
		floor := floorOf(t, pkg, nil)
		floors[floor] = append(floors[floor], pkg)
	}
	var out strings.Builder
	for _, floor := range slices.Backward(slices.Sorted(maps.Keys(floors))) {
		start, line := fmt.Sprintf("%2d ", floor), ""
		for _, pkg := range slices.Sorted(slices.Values(floors[floor])) {
			if len(line)+len(pkg) > 110 {
				out.WriteString(start + line + "\n")
				start, line = "   ", ""
			}
			line += "  " + pkg
		}
		out.WriteString(start + line + "\n")
	}
	return out.String()
}

func floorOf(t *testing.T, pkg string, above []string) int {
	require.NotContains(t, above, pkg, "packages import one another: %v", above)
	floor := 0
	for _, below := range allowed[pkg] {
		floor = max(floor, floorOf(t, below, append(slices.Clone(above), pkg))+1)
	}
	return floor
}

// describePackages lists the first sentence of each package comment.
func describePackages(t *testing.T) string {
	comments := map[string]string{}
	for _, name := range sources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		require.NoError(t, err)
		if file.Doc != nil {
			comments[path.Dir(name)] = new(doc.Package).Synopsis(file.Doc.Text())
		}
	}
	var out strings.Builder
	for _, pkg := range slices.Sorted(maps.Keys(allowed)) {
		require.NotEmpty(t, comments[pkg], "package %s has no comment", pkg)
		fmt.Fprintf(&out, "- `%s`: %s\n", pkg, strings.TrimPrefix(comments[pkg], "Package "+path.Base(pkg)+" "))
	}
	return out.String()
}

// between replaces the text between the marks of a name.
func between(t *testing.T, text, name, content string) string {
	before, rest, opened := strings.Cut(text, "<!-- "+name+" -->\n")
	_, after, closed := strings.Cut(rest, "<!-- end of "+name+" -->\n")
	require.True(t, opened && closed, "docs/architecture.md: the marks of %s are missing", strconv.Quote(name))
	return before + "<!-- " + name + " -->\n" + content + "<!-- end of " + name + " -->\n" + after
}
