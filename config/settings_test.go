package config

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	goformat "go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write meanings.go and docs/configuration.md anew")

// golden compares a file with the text that it should contain, or writes it.
func golden(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, want, 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "run: go test ./config -run '^TestMeanings$' -update && go test ./config -run '^TestDocumentation$' -update")
}

func TestMeanings(t *testing.T) {
	var out bytes.Buffer
	out.WriteString("// Code generated from the comments in config.go and policy.go by `go test -run TestMeanings -update`; DO NOT EDIT.\n\n" +
		"package config\n\n// meanings explains each setting by its key.\nvar meanings = map[string]string{\n")
	for _, name := range []string{"config.go", "policy.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			f, ok := n.(*ast.Field)
			if !ok || f.Tag == nil {
				return true
			}
			tag, err := strconv.Unquote(f.Tag.Value)
			require.NoError(t, err)
			meaning := strings.Join(strings.Fields(f.Doc.Text()), " ")
			fmt.Fprintf(&out, "%q: %q,\n", reflect.StructTag(tag).Get("setting"), meaning)
			return true
		})
	}
	out.WriteString("}\n")
	source, err := goformat.Source(out.Bytes())
	require.NoError(t, err)
	golden(t, "meanings.go", source)
}

func TestDocumentation(t *testing.T) {
	intro, err := os.ReadFile(filepath.Join("testdata", "configuration.md"))
	require.NoError(t, err)
	out := bytes.NewBuffer(intro)
	var sections []string
	texts := map[string]string{}
	for _, s := range Settings() {
		section, _, nested := strings.Cut(s.Key, ".")
		if !nested {
			section = "general"
		}
		if texts[section] == "" {
			sections = append(sections, section)
		}
		texts[section] += entry(s)
	}
	for _, section := range sections {
		fmt.Fprintf(out, "\n## %s\n%s", section, texts[section])
	}
	golden(t, filepath.Join("..", "docs", "configuration.md"), out.Bytes())
}

// entry returns the documentation of one setting.
func entry(s Setting) string {
	value := "empty"
	if s.Default != "" {
		value = "`" + s.Default + "`"
	}
	variables := "`" + s.Env + "`"
	if s.EnvFile != "" {
		variables += ", or `" + s.EnvFile + "` with the path of a file"
	}
	return fmt.Sprintf("\n### `%s`\n\n%s\n\nType: %s. Default: %s. Variable: %s.\n", s.Key, s.Meaning, s.Type, value, variables)
}

func TestSettingsAreComplete(t *testing.T) {
	variables := map[string]string{}
	for _, s := range Settings() {
		require.NotEmpty(t, s.Meaning, s.Key)
		require.NotEmpty(t, s.Type, s.Key)
		for _, name := range []string{s.Env, s.EnvFile} {
			if name != "" {
				require.Empty(t, variables[name], "%s belongs to %s as well", name, s.Key)
				variables[name] = s.Key
			}
		}
	}
	require.Equal(t, "secrets.keyset_file", variables["POSTERN_SECRETS_KEYSET_FILE"])
	require.Equal(t, "database.url", variables["POSTERN_DATABASE_URL_FILE"])
	require.Equal(t, "token.id_token", variables["POSTERN_TOKEN_ID_TOKEN"])
}

func TestDefaultIsValidAndAsItsTagsSay(t *testing.T) {
	c := Default()
	require.NoError(t, c.Validate())
	for i, value := range c.Effective() {
		s := Settings()[i]
		require.Equal(t, s.Key, value.Key)
		require.Equal(t, FromDefault, value.Source)
		var again Config
		require.Nil(t, parse(again.fields()[i].target, value.Value), s.Key)
		require.Equal(t, reflect.ValueOf(c.fields()[i].target).Elem().Interface(),
			reflect.ValueOf(again.fields()[i].target).Elem().Interface(), s.Key)
	}
}

func TestInstance(t *testing.T) {
	names := map[string]string{}
	for _, issuer := range []string{
		"https://id.example.com:8443", "https://id.example.com:9443", "https://id.example.com/a", "https://id.example.com/b",
		"https://id.example.com:8443/a", "http://localhost:4290",
	} {
		name := Config{Issuer: issuer}.Instance()
		require.Regexp(t, "^_[0-9a-f]{8}$", name)
		require.Empty(t, names[name], "%s and %s", issuer, names[name])
		names[name] = issuer
	}
	require.Empty(t, Default().Instance())
	require.Empty(t, Config{Issuer: "https://id.example.com"}.Instance())
}
