package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// write creates a file that only its owner can read, and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// problemsOf requires that err is an error of Load or Validate, and returns its problems.
func problemsOf(t *testing.T, err error) Problems {
	t.Helper()
	require.Error(t, err)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	for _, p := range problems {
		require.NotEmpty(t, p.Setting)
		require.NotEmpty(t, p.Message)
		require.NotEmpty(t, p.Hint)
	}
	return problems
}

func TestPrecedence(t *testing.T) {
	const file, variable = "session:\n  idle: 20m\n", "POSTERN_SESSION_IDLE=30m"
	flags := map[string]string{"session.idle": "40m"}
	for _, test := range []struct {
		name    string
		file    string
		environ []string
		flags   map[string]string
		want    time.Duration
		source  Source
		where   string
	}{
		{name: "default", want: time.Hour, source: FromDefault},
		{name: "file", file: file, want: 20 * time.Minute, source: FromFile, where: "postern.yaml:2"},
		{name: "environment", environ: []string{variable}, want: 30 * time.Minute, source: FromEnvironment, where: "POSTERN_SESSION_IDLE"},
		{name: "flag", flags: flags, want: 40 * time.Minute, source: FromFlag, where: "command line"},
		{name: "environment beats file", file: file, environ: []string{variable}, want: 30 * time.Minute, source: FromEnvironment,
			where: "POSTERN_SESSION_IDLE"},
		{name: "flag beats file", file: file, flags: flags, want: 40 * time.Minute, source: FromFlag, where: "command line"},
		{name: "flag beats environment", environ: []string{variable}, flags: flags, want: 40 * time.Minute, source: FromFlag,
			where: "command line"},
		{name: "flag beats all", file: file, environ: []string{variable}, flags: flags, want: 40 * time.Minute, source: FromFlag,
			where: "command line"},
		{name: "key in one line", file: "session.idle: 20m", want: 20 * time.Minute, source: FromFile, where: "postern.yaml:1"},
		{name: "last of equal variables", environ: []string{"POSTERN_SESSION_IDLE=1m", variable}, want: 30 * time.Minute,
			source: FromEnvironment, where: "POSTERN_SESSION_IDLE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Sources{Environ: test.environ, Flags: test.flags}
			if test.file != "" {
				s.File = write(t, "postern.yaml", test.file)
			}
			c, err := Load(s)
			require.NoError(t, err)
			require.Equal(t, test.want, c.Session.Idle)
			require.Equal(t, 24*time.Hour, c.Session.Absolute, "a sibling keeps its default")
			for _, v := range c.Effective() {
				if v.Key == "session.idle" {
					require.Equal(t, test.source, v.Source)
					require.Equal(t, formatDuration(test.want), v.Value)
					require.Equal(t, test.where, strings.TrimPrefix(v.Where, filepath.Dir(s.File)+"/"))
				}
			}
		})
	}
}

func TestEveryTypeFromFileAndEnvironment(t *testing.T) {
	want := Default()
	want.InsecureHTTP = true
	want.OpsListen = ""
	want.Password.MinLength = 12
	want.Session.Remember = 720 * time.Hour
	want.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32"), netip.MustParsePrefix("fd00::/8")}
	want.Database.URL = "sqlite:other.db"
	want.Brand.Name = "1.10"

	fromFile, err := Load(Sources{File: write(t, "postern.yaml", `
insecure_http: true
ops_listen: ""
templates_dir: &none ""
trusted_proxies: [ "::ffff:10.0.0.7", *none, "fd00::1/8" ]
session: {remember: 720h}
password:
  min_length: 12
database:
  url: &db sqlite:other.db
brand: {name: 1.10}
totp:
`)})
	require.NoError(t, err)
	fromEnvironment, err := Load(Sources{Environ: []string{
		"POSTERN_INSECURE_HTTP=true", "POSTERN_OPS_LISTEN=", "POSTERN_TRUSTED_PROXIES=10.0.0.7, fd00::/8", "POSTERN_SESSION_REMEMBER=720h",
		"POSTERN_PASSWORD_MIN_LENGTH=12", "POSTERN_DATABASE_URL=sqlite:other.db", "POSTERN_BRAND_NAME=1.10", "PATH=/bin", "postern_x=1",
	}})
	require.NoError(t, err)
	fromFile.origins, fromEnvironment.origins = nil, nil
	require.Equal(t, want, fromFile)
	require.Equal(t, want, fromEnvironment)
}

func TestFileMistakes(t *testing.T) {
	for _, test := range []struct{ name, file, setting, message, hint string }{
		{"unknown key", "isuer: x", "isuer", "is not a setting", "the nearest one is issuer;"},
		{"unknown key in a section", "session:\n  idel: 1h", "session.idel", "is not a setting", "the nearest one is session.idle;"},
		{"unknown section", "sesion:\n  idle: 1h", "sesion", "is not a setting", "the nearest one is session;"},
		{"key of another depth", "session:\n  idle:\n    more: 1h", "session.idle", "takes a single value", "on one line"},
		{"section with a value", "tls: on", "tls", "is a section", "such as tls.cert_file"},
		{"no value", "brand:\n  color: #fff", "brand.color", "has no value", "in quotes if it begins with #"},
		{"given twice", "session.idle: 1h\nsession:\n  idle: 2h", "session.idle", "is given twice", "postern.yaml:1"},
		{"list for one value", "listen: [a, b]", "listen", "takes a single value", "in single quotes"},
		{"mapping in a list", "trusted_proxies: [{a: b}]", "trusted_proxies", "item 1 of the list is not text", "plain text"},
		{"null in a list", "trusted_proxies: [10.0.0.1, ~]", "trusted_proxies", "item 2 of the list is not text", "plain text"},
		{"not a duration", "session:\n  idle: 3600", "session.idle", `"3600" is not a duration`, "with a unit"},
		{"not a number", "totp:\n  digits: 6.5", "totp.digits", `"6.5" is not a whole number`, "digits only"},
		{"not a boolean", "insecure_http: yes", "insecure_http", `"yes" is neither true nor false`, "true or false"},
		{"not an address", "trusted_proxies: proxy.example.com", "trusted_proxies", "neither an address nor a network", "10.0.0.0/8"},
		{"address with a zone", "trusted_proxies: fe80::1%eth0", "trusted_proxies", "neither an address nor a network", "10.0.0.0/8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(Sources{File: write(t, "postern.yaml", test.file)})
			problems := problemsOf(t, err)
			require.Len(t, problems, 1)
			require.Equal(t, test.setting, problems[0].Setting)
			require.Contains(t, problems[0].Message, test.message)
			require.Contains(t, problems[0].Hint, test.hint)
			require.Contains(t, problems[0].Where, "postern.yaml:")
		})
	}
}

func TestUnreadableFile(t *testing.T) {
	for _, test := range []struct{ name, file, message string }{
		{"broken", "a: [", "is not YAML: line 1"},
		{"two documents", "listen: :1\n---\nlisten: :2\n", "more than one YAML document"},
		{"broken second document", "listen: :1\n---\n[", "more than one YAML document"},
		{"a list", "- listen", "is not a list of settings"},
		{"a list as key", "? [a]\n: b", "has a key that is not a name"},
		{"an empty key", "'': b", "has a key that is not a name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, "postern.yaml", test.file)
			_, err := Load(Sources{File: path})
			problems := problemsOf(t, err)
			require.Len(t, problems, 1)
			require.Equal(t, path, problems[0].Setting)
			require.Contains(t, problems[0].Message, test.message)
		})
	}
	_, err := Load(Sources{File: "/nonexistent/postern.yaml"})
	require.ErrorContains(t, err, "/nonexistent/postern.yaml: cannot be read: no such file or directory\nhint: name an existing file")
	for _, empty := range []string{"", "# nothing\n", "---\n", "~"} {
		_, err := Load(Sources{File: write(t, "postern.yaml", empty)})
		require.NoError(t, err, "%q", empty)
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, test := range []struct {
		name, setting, message, hint string
		environ                      []string
	}{
		{"unknown", "POSTERN_ISUER", "is not a variable that Postern knows", "nearest one is POSTERN_ISSUER;", []string{"POSTERN_ISUER=x"}},
		{"split at the wrong place", "POSTERN_TOKEN_ID", "is not a variable", "nearest one is POSTERN_TOKEN_", []string{"POSTERN_TOKEN_ID=1h"}},
		{"a file for a setting that is not secret", "POSTERN_LISTEN_FILE", "is not a variable", "nearest one is", []string{"POSTERN_LISTEN_FILE=/x"}},
		{"a port that is no service link", "POSTERN_PORT", "is not a variable", "nearest one is", []string{"POSTERN_PORT=4280"}},
		{"missing secret file", "database.url", "cannot be read: no such file", "existing file", []string{"POSTERN_DATABASE_URL_FILE=" + missing}},
		{"twice", "database.url", "is also set by POSTERN_DATABASE_URL", "keep one",
			[]string{"POSTERN_DATABASE_URL=sqlite:a", "POSTERN_DATABASE_URL_FILE=" + write(t, "url", "sqlite:b")}},
		{"empty", "session.idle", `"" is not a duration`, "with a unit", []string{"POSTERN_SESSION_IDLE="}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(Sources{Environ: test.environ})
			problems := problemsOf(t, err)
			require.Len(t, problems, 1)
			require.Equal(t, test.setting, problems[0].Setting)
			require.Contains(t, problems[0].Message, test.message)
			require.Contains(t, problems[0].Hint, test.hint)
		})
	}
}

func TestForeignVariablesAreLeftAlone(t *testing.T) {
	_, err := Load(Sources{Environ: []string{
		"POSTERN_CONFIG=/etc/postern.yaml", "POSTERN_TEST_POSTGRES=postgres://", "POSTERN_SERVICE_HOST=10.0.0.1", "POSTERN_SERVICE_PORT=80",
		"POSTERN_SERVICE_PORT_HTTP=80", "POSTERN_PORT=tcp://10.0.0.1:80", "POSTERN_PORT_80_TCP=tcp://10.0.0.1:80", "POSTERN_PORT_80_TCP_ADDR=10.0.0.1",
		"POSTERN_DB_SERVICE_HOST=10.0.0.2", "POSTERN_DB_PORT=tcp://10.0.0.2:5432",
	}})
	require.NoError(t, err)
}

func TestUnknownFlagSetting(t *testing.T) {
	_, err := Load(Sources{Flags: map[string]string{"listn": ":1", "listen": ":2"}})
	require.Equal(t, Problems{{Setting: "listn", Where: "command line", Message: "is not a setting",
		Hint: "the nearest one is listen; `postern config show` lists all"}}, problemsOf(t, err))
}

func TestSecretFromFile(t *testing.T) {
	c, err := Load(Sources{Environ: []string{"POSTERN_DATABASE_URL_FILE=" + write(t, "url", "sqlite:from-file.db\r\n")}})
	require.NoError(t, err)
	require.Equal(t, "sqlite:from-file.db", c.Database.URL.Reveal())
}

func TestSecretInFileOpenToAll(t *testing.T) {
	const password = "database: {url: 'postgres://u:swordfish@localhost/db?sslmode=disable'}\nsecrets: {keyset: swordfish}"
	path := write(t, "postern.yaml", password)
	require.NoError(t, os.Chmod(path, 0o644))
	_, err := Load(Sources{File: path})
	problems := problemsOf(t, err)
	require.Len(t, problems, 2)
	for i, setting := range []string{"database.url", "secrets.keyset"} {
		require.Equal(t, setting, problems[i].Setting)
		require.Contains(t, problems[i].Message, "every user of this machine can read")
		require.Contains(t, problems[i].Hint, "chmod o= "+path)
	}
	require.NoError(t, os.Chmod(path, 0o640))
	_, err = Load(Sources{File: path})
	require.NoError(t, err)

	harmless := write(t, "postern.yaml", "database: {url: 'sqlite:x.db'}")
	require.NoError(t, os.Chmod(harmless, 0o644))
	_, err = Load(Sources{File: harmless})
	require.NoError(t, err)
}

func TestAllMistakesAtOnce(t *testing.T) {
	path := write(t, "postern.yaml", `issuer: http://id.example.com/
registartion: open
session: {idle: 48h, absolute: soon}
log: {level: loud}`)
	c, err := Load(Sources{File: path, Environ: []string{"POSTERN_TOTP_DIGITS=7", "POSTERN_LOG_LEVELS=x"}})
	require.Equal(t, Config{}, c)
	require.Equal(t, strings.ReplaceAll(`registartion (FILE:2): is not a setting
hint: the nearest one is registration; `+"`postern config show`"+` lists all
POSTERN_LOG_LEVELS: is not a variable that Postern knows
hint: the nearest one is POSTERN_LOG_LEVEL; `+"`postern config show`"+` lists all
issuer (FILE:1): ends with a slash
hint: remove it
issuer (FILE:1): is plain http on a host that is not loopback
hint: use https, with tls.cert_file or a reverse proxy; insecure_http: true accepts it on a closed test network
totp.digits (POSTERN_TOTP_DIGITS): "7" is not an allowed value
hint: choose one of 6, 8
session.idle (FILE:3): 48h is more than session.absolute, which is 24h
hint: lower session.idle or raise session.absolute
session.absolute (FILE:3): "soon" is not a duration
hint: write a number with a unit, such as 30s, 10m or 24h
log.level (FILE:4): "loud" is not an allowed value
hint: choose one of debug, info, warn, error`, "FILE", path), err.Error())
}

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2},
	} {
		require.Equal(t, test.want, editDistance(test.a, test.b), "%s %s", test.a, test.b)
	}
	require.Equal(t, "listen", nearest("lissen", []string{"issuer", "listen", "log.level"}))
	require.Empty(t, nearest("x", nil))
}

// Inspect shows the values in force even if some are wrong: those that cannot be read as they were given, and secrets
// masked.
func TestInspectShowsWhatIsWrong(t *testing.T) {
	values, err := Inspect(Sources{Environ: []string{
		"POSTERN_TOTP_DIGITS=many", "POSTERN_SESSION_IDLE=2h", "POSTERN_DATABASE_URL=postgres://postern:hunter2@db host/x", "POSTERN_SECRETS_KEYSET=hunter3",
	}})
	require.ErrorContains(t, err, "totp.digits")
	require.NotContains(t, err.Error(), "hunter")
	shown := map[string]Value{}
	for _, value := range values {
		shown[value.Key] = value
	}
	require.Len(t, shown, len(Settings()))
	require.Equal(t, Value{Key: "totp.digits", Value: "many", Source: FromEnvironment, Where: "POSTERN_TOTP_DIGITS"}, shown["totp.digits"])
	require.Equal(t, "2h", shown["session.idle"].Value)
	require.NotContains(t, fmt.Sprint(values), "hunter")
}
