package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sizes that a reader can keep in mind. Exceptions are listed below with their reasons.
const (
	mostMethods = 25  // exported methods of a type
	mostFiles   = 15  // files of a package, tests left out
	mostLines   = 300 // lines of a file
)

// manyFiles says why a package has more files than mostFiles.
var manyFiles = map[string]string{
	"bench":                   "a file is a scenario or a part of the measurement",
	"cmd/postern":             "a file is a command or a part that it wires",
	"cmd/postern/browsertest": "a file is something a person does or sees in a browser",
	"config":                  "a file reads, checks or explains one part of the settings",
	"provider/client":         "two subjects: the metadata with its rules, and the registry that keeps it; both read one table of members",
	"storage":                 "a file is a record, or a part of opening the database",
	"storage/storagetest":     "a file exercises a record, or is a fault that a database can have",
	"templates":               "a file is the pages of a journey, or what they share",
}

// manyMethods says why a type has more exported methods than mostMethods.
var manyMethods = map[string]string{
	"cmd/postern/browsertest.Browser": "for tests: what a person does in a browser, and what a test sees there",
}

func TestShapesStaySmall(t *testing.T) {
	files, methods := map[string]int{}, map[string]int{}
	for _, name := range sources(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		if lines := bytes.Count(text, []byte("\n")); lines > mostLines {
			t.Errorf("%s has %d lines, more than %d: part it by what a reader looks for", name, lines, mostLines)
		}
		files[path.Dir(name)]++
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if method, is := d.(*ast.FuncDecl); is && method.Recv != nil && method.Name.IsExported() {
				methods[path.Dir(name)+"."+receiver(method)]++
			}
		}
	}
	requireAtMost(t, "files", mostFiles, files, manyFiles)
	requireAtMost(t, "exported methods", mostMethods, methods, manyMethods)
}

// requireAtMost fails the test for each count over most that is no exception, and for each exception that is not needed.
func requireAtMost(t *testing.T, what string, most int, counts map[string]int, exceptions map[string]string) {
	t.Helper()
	for name, n := range counts {
		if n > most && exceptions[name] == "" {
			t.Errorf("%s has %d %s, more than %d: part it, or give the reason in shape_test.go", name, n, what, most)
		}
	}
	for name := range exceptions {
		if counts[name] <= most {
			t.Errorf("%s has %d %s and needs no exception: remove it", name, counts[name], what)
		}
	}
}

// receiver returns the name of the type that a method belongs to.
func receiver(method *ast.FuncDecl) string {
	typ := method.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}
