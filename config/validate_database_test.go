package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDatabase(t *testing.T) {
	const remote, empty, twice, port = "for a server on another machine", "contains an empty host", "names its ports twice", "has a port that is not a number"
	for _, test := range []struct {
		url  Secret
		want []string
	}{
		{"sqlite:x.db", nil},
		{"sqlite:", []string{"names no file"}},
		{"", []string{"is neither"}},
		{"mysql://u@h/db", []string{"is neither"}},
		{"postgres://u:p%2F@db.example.com:5432/db?sslmode=verify-full&sslrootcert=/ca.pem", nil},
		{"postgresql://u@h1,h2:5432/db?sslmode=verify-full&target_session_attrs=read-write", nil},
		{"postgres://u@h1,h2/db?sslmode=verify-full&port=5432,5433", nil},
		{"postgres://u@localhost/db?sslmode=disable", nil},
		{"postgres://u@127.0.0.1:5432/db?sslmode=disable", nil},
		{"postgres://u@[::1]:5432/db?sslmode=require", nil},
		{"postgres://u@[::1]/db?sslmode=require", nil},
		{"postgres:///db?host=/run/postgresql&sslmode=disable", nil},
		{"postgres://u:p/w@h/db?sslmode=verify-full", []string{"is not a valid URL"}},
		{"postgres://u@h/db?sslmode=%zz", []string{"has parameters that are not valid"}},
		{"postgres://u@h/db?a=b;sslmode=disable", []string{"has parameters that are not valid"}},
		{"postgres://u@h/db", []string{"does not contain sslmode exactly once"}},
		{"postgres://u@h/db?sslmode=verify-full&sslmode=disable", []string{"does not contain sslmode exactly once"}},
		{"postgres://u@h/db?sslmode=on", []string{"has an unknown sslmode"}},
		{"postgres://u@h/db?sslmode=disable", []string{"has sslmode=disable " + remote}},
		{"postgres://u@h/db?sslmode=require", []string{"has sslmode=require " + remote}},
		{"postgres://u@h/db?sslmode=verify-ca", []string{"has sslmode=verify-ca " + remote}},
		{"postgres://u@localhost,h/db?sslmode=prefer", []string{remote}},
		{"postgres://u@localhost/db?sslmode=disable&hostaddr=192.0.2.1", []string{remote}},
		{"postgres://u@localhost/db?sslmode=disable&host=h", []string{"names its host twice", remote}},
		{"postgres:///db?sslmode=disable", []string{empty}},
		{"postgres://u@h1,/db?sslmode=verify-full", []string{empty}},
		{"postgres://u@h1:1,h2:2/db?sslmode=verify-full", nil},
		{"postgres://u@h1:1,h2/db?sslmode=verify-full", nil},
		{"postgres://u:p%40@h1,[2001:db8::1]:2/db?sslmode=verify-full", nil},
		{"postgres://u@127.0.0.1:1,h2:2/db?sslmode=disable", []string{remote}},
		{"postgres://u@h1:1,:2/db?sslmode=verify-full", []string{empty}},
		{"postgres://u@h1:1,h2:x/db?sslmode=verify-full", []string{port}},
		{"postgres://u@h1:1,h2:/db?sslmode=verify-full", []string{port}},
		{"postgres://u@h1:1,h2:65536/db?sslmode=verify-full", []string{port}},
		{"postgres://u@h1:1,h2:2/db?sslmode=verify-full&port=3,4", []string{twice}},
		{"postgres://u@h1:1/db?sslmode=verify-full&port=3", []string{twice}},
		{"postgres://u@h1:1,h2:2/db?sslmode=verify-full&host=h3", []string{"names its host twice"}},
		{"sqlite:a#b.db", []string{"has ? or #"}},
		{"sqlite:a.db?mode=ro", []string{"has ? or #"}},
		{"sqlite:a%20b/c d.db", nil},
	} {
		t.Run(test.url.Reveal(), func(t *testing.T) {
			c := Default()
			c.Database.URL, c.Secrets.Keyset = test.url, "keyset"
			if test.want == nil {
				require.NoError(t, c.Validate())
				return
			}
			problems := problemsOf(t, c.Validate())
			require.Len(t, problems, len(test.want), problems)
			for i, want := range test.want {
				require.Equal(t, "database.url", problems[i].Setting)
				require.Contains(t, problems[i].Message, want)
			}
		})
	}
}

func TestDatabaseInsecureTLS(t *testing.T) {
	c := Default()
	c.Database.URL, c.Database.InsecureTLS = "postgres://u@db.example.com/db?sslmode=require", true
	c.Secrets.Keyset = "keyset"
	require.NoError(t, c.Validate())
}

func TestPostgresNeedsKeyset(t *testing.T) {
	c := Default()
	c.Database.URL = "postgres://u@localhost/db?sslmode=disable"
	problems := problemsOf(t, c.Validate())
	require.Len(t, problems, 1)
	require.Equal(t, "secrets.keyset_file", problems[0].Setting)
	require.Contains(t, problems[0].Message, "with PostgreSQL no keyset is made automatically")
	c.Secrets.KeysetFile = write(t, "keyset.json", "{}")
	require.NoError(t, c.Validate())
}

func TestHostsWithPorts(t *testing.T) {
	for address, want := range map[Secret]string{
		"sqlite:a,b:1.db":                                   "sqlite:a,b:1.db",
		"postgres://u@h:1/db?sslmode=disable":               "postgres://u@h:1/db?sslmode=disable",
		"postgres://u@h1,h2/db?port=1,2":                    "postgres://u@h1,h2/db?port=1,2",
		"postgres://u:p@h1:1,h2:2/db?sslmode=disable":       "postgres://u:p@/db?host=h1%2Ch2&port=1%2C2&sslmode=disable",
		"postgres://h1:1,h2/db":                             "postgres:///db?host=h1%2Ch2&port=1%2C5432",
		"postgres://u:a%2Fb@[::1]:1,[2001:db8::1]:2":        "postgres://u:a%2Fb@?host=%3A%3A1%2C2001%3Adb8%3A%3A1&port=1%2C2",
		"postgresql://u@h1,h2:2/db?target_session_attrs=rw": "postgresql://u@/db?host=h1%2Ch2&port=5432%2C2&target_session_attrs=rw",
	} {
		require.Equal(t, want, Database{URL: address}.DriverURL())
	}
	shown := Database{URL: "postgres://u:secret@h1:1,h2/db?sslmode=disable"}.address()
	require.Equal(t, "postgres://u@h1:1,h2/db", shown)
}
