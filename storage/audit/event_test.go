package audit_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestNamesReturnsEveryConstant(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "name.go", nil, parser.ParseComments)
	require.NoError(t, err)
	declared := map[string]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		value := spec.Values[0].(*ast.BasicLit).Value
		require.True(t, strings.HasPrefix(spec.Doc.Text(), spec.Names[0].Name+": "), "%s says what it means", spec.Names[0].Name)
		declared[strings.Trim(value, `"`)] = true
		return false
	})
	listed := map[string]bool{}
	for _, name := range audit.Names() {
		require.Regexp(t, `^[a-z_]+\.[a-z_]+$`, string(name))
		require.False(t, listed[string(name)], "%s is listed twice", name)
		listed[string(name)] = true
	}
	require.Equal(t, declared, listed)
}

func TestShortAddress(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77":             "203.0.113.0/24",
		"203.0.113.77:4711":        "203.0.113.0/24",
		"203.0.113.0/24":           "203.0.113.0/24",
		"203.0.113.77/32":          "203.0.113.0/24",
		"::ffff:203.0.113.77":      "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6":     "2001:db8:1::/48",
		"[2001:db8:1:2::6]:443":    "2001:db8:1::/48",
		"fe80::1%eth0":             "fe80::/48",
		"2001:db8:1::/48":          "2001:db8:1::/48",
		"127.0.0.1":                "127.0.0.0/24",
		"":                         "",
		"unknown":                  "",
		"rp.example":               "",
		"203.0.113.77, 198.51.1.1": "",
		"@":                        "",
	} {
		require.Equal(t, want, audit.ShortAddress(address), address)
	}
}

func FuzzShortAddress(f *testing.F) {
	for _, address := range []string{"203.0.113.77", "[2001:db8::1]:443", "::ffff:1.2.3.4", "1.2.3.0/24", "x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		short := audit.ShortAddress(address)
		require.Equal(t, short, audit.ShortAddress(short), "a short address stays as it is")
		if short == "" {
			return
		}
		prefix, err := netip.ParsePrefix(short)
		require.NoError(t, err)
		require.Equal(t, prefix.Masked(), prefix)
		require.Contains(t, []int{24, 48}, prefix.Bits())
	})
}

// Whatever comes from outside, the entry is text that both databases can store, and reading it gives what was written.
func FuzzRider(f *testing.F) {
	f.Add("u1", "reason", "wrong")
	f.Add("\x00", "a\xffb", strings.Repeat("ü", 300))
	f.Add(`","mac":"`, "\u2028", `"}`)
	log := audit.New(storagetest.Open(f))
	f.Fuzz(func(t *testing.T, user, key, value string) {
		text := log.Rider(audit.Event{
			Name: audit.UserAdded, Actor: audit.ActorOperator, UserID: user, ClientID: value, Detail: map[string]string{key: value},
		}, now)
		require.True(t, utf8.ValidString(text))
		require.NotContains(t, text, "\x00")
		require.NotContains(t, text, `\u0000`, "PostgreSQL's JSON has no NUL")
		require.Less(t, len(text), 16<<10)
		var entry struct {
			UserID string            `json:"user_id"`
			Detail map[string]string `json:"detail"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &entry))
		require.Len(t, entry.Detail, 1)
		if utf8.ValidString(user) && len(user) <= 256 && !strings.Contains(user, "\x00") {
			require.Equal(t, user, entry.UserID)
		}
	})
}
