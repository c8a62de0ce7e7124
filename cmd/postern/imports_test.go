package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/postern-id/postern/"

// allowed is the drawing of the packages: what each may import of ours, outside of tests. The web applications login, login/self, consent
// and provider do not import one another. A new import that is not here requires a change of the drawing first.
var allowed = map[string][]string{
	"config":       {},
	"storage/loop": {},
	"storage":      {"storage/loop", "storage/postgres"},
	"templates":    {},

	"login/otp":           {},
	"login/password":      {},
	"login/throttle":      {"storage"},
	"login/mail":          {"login/account", "storage", "storage/loop", "templates"},
	"login/mail/mailtest": {},

	// Accounts: who a person is, the rules that the journeys share, the journeys, and what puts them together.
	"login/account/identity": {"storage"},
	"login/account":          {"login/account/identity", "login/otp", "login/password", "login/throttle", "storage", "storage/audit"},
	"login/account/signin":   {"login/account", "login/account/identity", "login/throttle", "storage", "storage/audit"},
	"login/account/enrol":    {"login/account", "login/otp", "storage", "storage/audit"},
	"login/account/recovery": {"login/account", "login/throttle", "storage", "storage/audit"},
	"login/account/arrive":   {"login/account", "login/account/identity", "login/throttle", "storage", "storage/audit"},
	"login/account/self":     {"login/account", "login/account/identity", "login/otp", "storage", "storage/audit"},
	"login/account/operate":  {"login/account", "login/account/identity", "login/throttle", "storage", "storage/audit"},
	"login/account/port": {
		"login/account", "login/account/identity", "login/otp", "login/password", "storage", "storage/audit",
	},
	"login/account/journeys": {
		"login/account", "login/account/arrive", "login/account/enrol", "login/account/operate", "login/account/port", "login/account/recovery",
		"login/account/self", "login/account/signin",
	},

	"storage/postgres":    {},
	"storage/audit":       {"storage", "storage/loop"},
	"storage/storagetest": {"storage"},

	// The protocol. floors_test.go has the floors.
	"provider/fetch":           {},
	"provider/fetch/fetchtest": {},
	"provider/jwttest":         {},
	"provider/limit":           {"storage"},
	"provider/strictjson":      {},

	"provider/client": {"provider/fetch", "provider/strictjson", "storage", "storage/audit", "storage/loop"},
	"provider/keys":   {"storage", "storage/audit", "storage/loop"},

	"provider/keys/keystest": {"provider/keys", "storage", "storage/audit"},

	"provider/oauth": {"provider/client", "storage", "templates"},
	"provider/scope": {"provider/client", "provider/strictjson", "storage", "templates"},

	"provider/decision": {"provider/client", "provider/oauth", "provider/scope", "storage"},
	"provider/page":     {"provider/client", "provider/oauth", "storage", "templates"},
	"provider/token":    {"provider/client", "provider/keys", "provider/oauth", "provider/scope", "storage", "storage/audit"},

	"provider/clientauth": {"provider/client", "provider/limit", "provider/oauth", "provider/token", "storage", "storage/audit"},

	"provider/engine": {"provider/client", "provider/clientauth", "provider/oauth", "provider/scope", "provider/token", "storage", "storage/audit"},

	"provider/authorize": {
		"provider/client", "provider/clientauth", "provider/decision", "provider/engine", "provider/fetch", "provider/limit", "provider/oauth",
		"provider/page", "provider/scope", "provider/strictjson", "provider/token", "storage", "storage/audit", "templates",
	},
	"provider/device": {
		"provider/client", "provider/clientauth", "provider/decision", "provider/limit", "provider/oauth", "provider/page", "provider/scope",
		"provider/token", "storage", "storage/audit", "templates",
	},
	"provider/discovery": {"provider/client", "provider/keys", "provider/oauth", "provider/scope", "provider/token", "templates"},
	"provider/exchange":  {"provider/client", "provider/engine", "provider/oauth", "provider/token", "storage", "storage/audit"},
	"provider/logout": {
		"provider/client", "provider/fetch", "provider/oauth", "provider/page", "provider/token", "storage", "storage/audit", "templates",
	},
	"provider/registration": {"provider/client", "provider/clientauth", "provider/fetch", "provider/limit", "provider/oauth", "storage", "storage/audit"},
	"provider/resource": {
		"provider/client", "provider/clientauth", "provider/oauth", "provider/scope", "provider/token", "storage", "storage/audit",
	},

	"provider": {
		"provider/authorize", "provider/client", "provider/clientauth", "provider/device", "provider/discovery", "provider/engine",
		"provider/exchange", "provider/fetch", "provider/keys", "provider/logout", "provider/oauth", "provider/page", "provider/registration",
		"provider/resource", "provider/token", "storage", "storage/audit", "storage/loop", "templates",
	},

	"login/browser": {"login/account", "storage", "storage/audit", "templates"},
	"login/form":    {"login/account", "login/account/identity", "login/browser", "login/otp", "storage", "templates"},
	"login/logintest": {
		"consent", "login", "login/account", "login/account/identity", "login/account/journeys", "login/browser", "login/mail", "login/otp",
		"login/password", "login/self", "login/throttle", "provider/scope", "storage", "storage/audit", "storage/storagetest", "templates",
	},

	"login": {
		"login/account", "login/account/arrive", "login/account/enrol", "login/account/identity", "login/account/recovery", "login/account/self",
		"login/account/signin", "login/browser", "login/form", "storage", "templates",
	},
	"login/self": {
		"login/account", "login/account/arrive", "login/account/identity", "login/account/self", "login/browser", "login/form", "storage",
		"storage/audit", "templates",
	},
	"consent": {"storage", "storage/audit", "templates"},

	"cmd/postern": {
		"cmd/demo-rp/relyingparty", // the app of postern demo
		"config", "consent", "login", "login/account", "login/account/identity", "login/account/journeys", "login/account/operate",
		"login/account/port", "login/browser", "login/mail", "login/otp", "login/password", "login/self", "login/throttle",
		"provider", "provider/client", "provider/fetch", "provider/keys", "provider/registration", "provider/scope", "storage", "storage/audit", "storage/loop", "templates",
	},
	"cmd/postern/browsertest": {},

	// The app is independent of the provider that it tests, so that it does not inherit the provider's mistakes.
	"cmd/demo-rp":              {"cmd/demo-rp/relyingparty"},
	"cmd/demo-rp/relyingparty": {},

	"bench": {"storage"}, // fills a database with people and grants; everything else it asks over HTTP
}

// confined says which packages or files may import a library and its packages. Package bench measures what it imports, or uses it to act as
// another system.
var confined = map[string][]string{
	"github.com/ory/fosite":         {"provider/engine"},
	"github.com/go-jose/go-jose/v4": {"provider/client", "provider/clientauth", "provider/keys", "provider/token", "provider/jwttest", "bench"}, // client: the registered keys, parsed once
	"github.com/gin-gonic/gin": {
		"cmd/postern", "consent", "login", "login/browser", "login/form", "login/logintest", "login/self", "provider", "provider/authorize",
		"provider/device", "provider/discovery", "provider/exchange", "provider/logout", "provider/oauth", "provider/page",
		"provider/registration", "provider/resource", "templates", "bench",
	},
	"github.com/jmoiron/sqlx":           {"storage"},
	"github.com/lib/pq":                 {"storage/postgres", "bench"},
	"golang.org/x/sys":                  {"storage/postgres/link_linux.go"},
	"modernc.org/sqlite":                {"storage", "bench"},
	"github.com/pressly/goose/v3":       {"storage"},
	"github.com/tink-crypto/tink-go/v2": {"storage/seal.go"},

	"github.com/pquerna/otp":              {"login/otp", "bench"},
	"github.com/skip2/go-qrcode":          {"login/otp"},
	"github.com/makiuchi-d/gozxing":       {"cmd/postern/phone.go"}, // the demo phone reads pictures
	"golang.org/x/crypto":                 {"login/password", "bench"},
	"github.com/go-crypt/crypt":           {"login/password"},
	"github.com/ccojocar/zxcvbn-go":       {"login/password"},
	"golang.org/x/text":                   {"login/account", "login/account/identity", "login/account/port", "login/password", "storage", "templates"}, // one spelling of a name or password; languages
	"github.com/nicksnyder/go-i18n/v2":    {"templates"},
	"golang.org/x/time":                   {"provider/limit"}, // requests of one address, in memory
	"golang.org/x/sync":                   {"cmd/postern", "login/account/port", "login/password", "provider/authorize", "provider/client", "provider/logout", "bench"},
	"github.com/spf13/cobra":              {"cmd/postern"},
	"github.com/spf13/pflag":              {"cmd/postern"}, // cobra's flags, to say what is wrong with one
	"github.com/wneessen/go-mail":         {"login/mail"},
	"go.yaml.in/yaml/v3":                  {"config"}, // the nodes know their lines; koanf does not hand them on
	"github.com/prometheus/client_golang": {"cmd/postern", "storage/audit"},

	"github.com/coreos/go-oidc/v3": {"cmd/demo-rp/relyingparty"},
	"golang.org/x/oauth2":          {"cmd/demo-rp/relyingparty"},

	// For tests only.
	"github.com/stretchr/testify":  {"login/logintest", "login/mail/mailtest", "provider/jwttest", "provider/keys/keystest", "storage/storagetest"},
	"github.com/emersion/go-smtp":  {"login/mail/mailtest"},
	"github.com/emersion/go-sasl":  {"login/mail/mailtest"},
	"github.com/chromedp/chromedp": {"cmd/postern/browsertest"},
	"github.com/chromedp/cdproto":  {"cmd/postern/browsertest"},
	"golang.org/x/net":             {"config", "storage", "cmd/postern/browsertest"}, // international domains, package idna

	// Of the standard library: SQL is for storage, and what is below the pages knows no HTTP.
	"database/sql": {"login/logintest", "storage", "storage/postgres", "storage/storagetest", "bench"},
	"net/http": {
		"cmd/demo-rp", "cmd/demo-rp/relyingparty", "cmd/postern", "cmd/postern/browsertest", "consent", "login", "login/browser", "login/form",
		"login/logintest", "login/self", "provider", "provider/authorize", "provider/clientauth", "provider/device", "provider/discovery",
		"provider/engine", "provider/exchange", "provider/fetch", "provider/fetch/fetchtest", "provider/limit", "provider/logout",
		"provider/oauth", "provider/page", "provider/registration", "provider/resource", "provider/token", "templates", "bench",
	},
	"math/rand": {}, // secrets come from crypto/rand, and so does everything else
}

// imported is an import of a file that is not a test.
type imported struct {
	file string // from the root of the module
	path string
}

func (i imported) pkg() string { return path.Dir(i.file) }

// readImports lists the packages of the module and what their files import, tests left out.
func readImports(t *testing.T) (packages []string, imports []imported) {
	for _, name := range sources(t) {
		if pkg := path.Dir(name); !slices.Contains(packages, pkg) {
			packages = append(packages, pkg)
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			one := imported{file: name}
			one.path, err = strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			imports = append(imports, one)
		}
	}
	return packages, imports
}

// root is the folder of go.mod.
var root = filepath.Join("..", "..")

// sources lists the Go files of the module that are not tests, from its root.
func sources(t *testing.T) (names []string) {
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		base := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (base == "testdata" || strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go"):
			names = append(names, name)
		}
		return nil
	}))
	return names
}

func TestPackagesImportOnlyWhatTheDrawingShows(t *testing.T) {
	packages, imports := readImports(t)
	for _, pkg := range packages {
		if _, known := allowed[pkg]; !known {
			t.Errorf("package %s is not in the table: say in imports_test.go what it may import, and in its doc.go what it owns", pkg)
		}
	}
	used := map[string]bool{}
	for _, i := range imports {
		ours, isOurs := strings.CutPrefix(i.path, module)
		if !isOurs {
			continue
		}
		used[i.pkg()+" "+ours] = true
		if !slices.Contains(allowed[i.pkg()], ours) {
			t.Errorf("%s imports %s, which the table does not allow for %s: let the caller declare an interface and cmd/postern/app.go satisfy it, "+
				"or change the drawing", i.file, ours, i.pkg())
		}
	}
	for pkg, may := range allowed {
		if !slices.Contains(packages, pkg) {
			t.Errorf("the table names %s, which does not exist: remove it", pkg)
		}
		for _, ours := range may {
			if !used[pkg+" "+ours] {
				t.Errorf("the table lets %s import %s, which it does not do: remove the permission", pkg, ours)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	_, imports := readImports(t)
	used := map[string]bool{}
	for _, i := range imports {
		library, listed := libraryOf(i.path)
		first, _, _ := strings.Cut(i.path, "/")
		if !listed && strings.Contains(first, ".") && !strings.HasPrefix(i.path, module) {
			t.Errorf("%s imports %s, which is not in the table of libraries: say in imports_test.go who may, and in the commit why it is needed", i.file, i.path)
		}
		if !listed {
			continue
		}
		used[library+" "+i.pkg()], used[library+" "+i.file] = true, true
		if may := confined[library]; !slices.Contains(may, i.pkg()) && !slices.Contains(may, i.file) {
			t.Errorf("%s imports %s, which belongs to %v alone", i.file, i.path, may)
		}
	}
	for library, may := range confined {
		for _, place := range may {
			if !used[library+" "+place] {
				t.Errorf("the table lets %s import %s, which it does not do: remove the permission", place, library)
			}
		}
	}
}

// libraryOf finds the entry of confined that an import belongs to.
func libraryOf(imported string) (library string, listed bool) {
	for library := range confined {
		if imported == library || strings.HasPrefix(imported, library+"/") {
			return library, true
		}
	}
	return "", false
}
