package account_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// shortURI has a key of 10 bytes.
const shortURI = "otpauth://totp/Old:ada?secret=JBSWY3DPEHPK3PXP&issuer=Old"

func importsWith(o *office, options port.ImportOptions, lines ...string) (port.Report, error) {
	return o.Port.Import(o.t.Context(), strings.NewReader(strings.Join(lines, "\n")), options, audit.Operator(), start)
}

func TestImportSkipsInvalidLines(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		lines := []string{
			`{"email":"one@example.test"}`,
			`{"email":"taken@example.test","username":"x@y"}`, // invalid for another reason as well
			`not JSON`,
			`{"email":"` + strings.Repeat("a", 200_000) + `"}`,
			`{"email":"taken@example.test"}`,
			`{"email":"ONE@example.test"}`,
		}
		report, err := importsWith(o, port.ImportOptions{DryRun: true, SkipInvalid: true}, lines...)
		require.NoError(t, err)
		require.Len(t, report.Faults, 4)
		report, err = importsWith(o, port.ImportOptions{SkipInvalid: true}, lines...)
		require.NoError(t, err)
		var numbers []int
		for _, fault := range report.Faults {
			numbers = append(numbers, fault.Line)
		}
		require.Equal(t, []int{2, 3, 4, 6}, numbers)
		require.Len(t, report.Users, 2)
		for _, email := range []string{"one@example.test", "taken@example.test"} {
			_, err := o.Operate.Show(t.Context(), email)
			require.NoError(t, err)
		}
	})
}

// Files written by other systems can be imported.
func TestImportOfOtherSystemsFiles(t *testing.T) {
	const first, second = `{"email":"ada@example.test"}`, `{"email":"eve@example.test"}`
	encode := func(text string, big bool) string {
		var b bytes.Buffer
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			if big {
				b.Write([]byte{byte(unit >> 8), byte(unit)})
			} else {
				b.Write([]byte{byte(unit), byte(unit >> 8)})
			}
		}
		return b.String()
	}
	for name, file := range map[string]string{
		"byte order mark":      "\ufeff" + first + "\n" + second + "\n",
		"line endings of DOS":  first + "\r\n\r\n" + second + "\r\n",
		"no end":               first + "\n" + second,
		"blank lines":          "\n \n\t" + first + "\n\n\u00a0\n" + second + "\n\n",
		"UTF-16 little-endian": encode(first+"\r\n"+second+"\r\n", false),
		"UTF-16 big-endian":    encode(first+"\n"+second, true),
	} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, storagetest.SQLite(t))
			report, err := o.Port.Import(t.Context(), strings.NewReader(file), port.ImportOptions{}, audit.Operator(), start)
			require.NoError(t, err, "%v", report.Faults)
			require.Len(t, report.Users, 2)
		})
	}
}

func TestImportIgnoresEmptyAndKnownExtraMembers(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	report, err := imports(o, `{"id":"8f1c","_id":{"$oid":"1"},"created_at":"2020-01-01","email":" Ada@example.test ","username":" ada ","email_verified":null,`+
		`"password_hash":"","totp":["",null],"roles":[],"phone":null,"blocked":false,"note":"","groups":null,`+
		`"claims":{"name":"Ada","locale":"","picture":null,"address":{},"given_name":null}}`)
	require.NoError(t, err, "%v", report.Faults)
	profile, err := o.Operate.Show(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, "Ada@example.test", profile.User.Email)
	require.Equal(t, storage.Claims{"name": "Ada"}, profile.User.Claims)
	require.False(t, profile.HasPassword)
	for _, line := range []string{
		`{"email":"a@example.test","blocked":true}`, `{"email":"a@example.test","roles":["admin"]}`, `{"email":"a@example.test","mfa":{"secret":"x"}}`,
	} {
		report, err := imports(o, line)
		require.ErrorIs(t, err, port.ErrImport, "it may mean something")
		require.Contains(t, report.Faults[0].Message, "is not known")
	}
}

func TestImportOfShortKeys(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		line := `{"email":"` + ada + `","password":"` + adaPassword + `","totp":["` + shortURI + `"]}`
		_, err := imports(o, line)
		require.ErrorIs(t, err, port.ErrImport)
		report, err := importsWith(o, port.ImportOptions{AllowShortKeys: true}, line, `{"email":"b@example.test","totp":["`+secretURI+`"]}`)
		require.NoError(t, err)
		require.True(t, report.Users[0].RenewsKey)
		require.False(t, report.Users[1].RenewsKey)

		key, _, err := otp.ParseShortURI(shortURI)
		require.NoError(t, err)
		p := o.person()
		done, err := o.SignIn.ConfirmCode(t.Context(), p.attempt(p.half(start), phone{key}.at(start)), start)
		require.NoError(t, err)
		require.True(t, done.MustEnrol)
		p.keep(done, nil)
		_, err = p.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound, "a new authenticator has to be enrolled first")
		enrolling, err := o.store.Sessions.EnrollingSignIn(t.Context(), storage.Hash(p.session), start)
		require.NoError(t, err)
		who := enrol.MustEnroller(enrolling)
		require.True(t, who.Renews())
		fresh, _ := p.confirmed(who, start)
		done, err = o.Enrol.AcknowledgeCodes(t.Context(), who, p.session, p.visitor, start)
		require.NoError(t, err)
		require.False(t, done.MustEnrol)
		p.keep(done, nil)
		_, err = p.signIn(start)
		require.NoError(t, err)

		now := start.Add(time.Minute)
		require.ErrorIs(t, p.code(p.half(now), phone{key}.at(now), now), account.ErrCode)
		require.NoError(t, p.code(p.half(now), fresh.at(now), now))
		_, err = p.signIn(now)
		require.NoError(t, err)
	})
}

// An account with a long e-mail address or key does not make the export fail.
func TestExportOfLongNames(t *testing.T) {
	issuer := strings.Repeat("Ä", 32) // the longest issuer name that the setting allows
	o := openOfficeWith(t, storagetest.SQLite(t), func(c *journeys.Config) { c.Issuer = issuer })
	long := strings.Repeat("ü", 60) + "@" + strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".test"
	longKey := "otpauth://totp/ada?secret=" + strings.Repeat("A", 204)
	_, err := imports(o,
		`{"email":"`+long+`","totp":["`+secretURI+`"]}`, `{"email":"ada@example.test","totp":["`+longKey+`"]}`, `{"email":"last@example.test"}`)
	require.NoError(t, err)
	var out bytes.Buffer
	count, err := o.Port.Export(t.Context(), &out, port.ExportOptions{Secrets: true}, audit.Operator(), start)
	require.NoError(t, err)
	require.Equal(t, 3, count)
	other := openOffice(t, storagetest.SQLite(t))
	report, err := imports(other, out.String())
	require.NoError(t, err, "%v", report.Faults)
	authenticators := map[string]int{}
	for _, user := range report.Users {
		authenticators[user.Email] = user.Authenticators
	}
	require.Equal(t, map[string]int{long: 1, "ada@example.test": 1, "last@example.test": 0}, authenticators)
}

// Even if only one hash is computed at a time, an import does not run into the limit for sign-ins.
func TestImportOfManyPasswordsWithOneHashAtOnce(t *testing.T) {
	o := openOfficeWith(t, storagetest.SQLite(t), func(c *journeys.Config) {
		var err error
		c.Passwords, err = password.New(password.Config{Memory: 4096, Time: 1, Concurrency: 1, Queue: 1, Wait: time.Nanosecond})
		require.NoError(t, err)
	})
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf(`{"email":"u%d@example.test","password":%q}`, i, adaPassword))
	}
	var told []int
	options := port.ImportOptions{Progress: func(done, total int) {
		require.Equal(t, 40, total)
		told = append(told, done)
	}}
	report, err := importsWith(o, options, lines...)
	require.NoError(t, err)
	require.Len(t, report.Users, 40)
	require.Len(t, told, 40)
	require.True(t, slices.IsSorted(told))
}

// An interrupted import or export returns an error, and the import has written nothing.
func TestInterruptedImportAndExport(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		var lines []string
		for i := range 20 {
			lines = append(lines, fmt.Sprintf(`{"email":"u%d@example.test","password":%q}`, i, adaPassword))
		}
		file := func() *strings.Reader { return strings.NewReader(strings.Join(lines, "\n")) }
		ctx, cancel := context.WithCancel(t.Context())
		options := port.ImportOptions{Progress: func(done, _ int) {
			if done == 5 {
				cancel()
			}
		}}
		_, err := o.Port.Import(ctx, file(), options, audit.Operator(), start)
		require.ErrorIs(t, err, context.Canceled)
		users, err := o.Operate.List(t.Context(), "", 100)
		require.NoError(t, err)
		require.Empty(t, users)

		_, err = o.Port.Import(t.Context(), file(), port.ImportOptions{}, audit.Operator(), start)
		require.NoError(t, err)
		ctx, cancel = context.WithCancel(t.Context())
		var out bytes.Buffer
		_, err = o.Port.Export(ctx, &out, port.ExportOptions{Secrets: true, Progress: func(done, _ int) {
			if done == 5 {
				cancel()
			}
		}}, audit.Operator(), start)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 5, strings.Count(out.String(), "\n"))
	})
}
