package account_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	secretURI = "otpauth://totp/Old:ada%40example.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Old"
	// bcrypt of cost 4 over foreignPassword.
	foreignHash     = "$2a$04$pjxJ.7UzhQrAAoQjWzIXSuR/s9YDFzY9lQIFBHUJ1dC4aHHv2oPWe"
	foreignPassword = "correct horse battery"
)

func imports(o *office, lines ...string) (port.Report, error) {
	return o.Port.Import(o.t.Context(), strings.NewReader(strings.Join(lines, "\n")), port.ImportOptions{}, audit.Operator(), start)
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		key, _, err := otp.ParseURI(secretURI)
		require.NoError(t, err)
		report, err := imports(o,
			`{"email":"`+ada+`","email_verified":true,"username":"ada","password":"`+adaPassword+`","password_hash":null,"totp":["`+secretURI+`"],`+
				`"groups":["staff"],"disabled":false,"claims":{"name":"Ada Example","address":{"country":"England"}}}`,
			``,
			`{"email":"pass@example.test","password":"`+adaPassword+`"}`,
			`{"email":"code@example.test","totp":["`+secretURI+`"]}`,
			`{"email":"bare@example.test"}`,
			`{"email":"shut@example.test","disabled":true}`,
		)
		require.NoError(t, err)
		require.Len(t, report.Users, 5)
		require.Equal(t, 5, o.events(audit.UserImported))
		require.Zero(t, o.notices.count(account.NoticeInvitation))

		require.Equal(t, 1, report.Users[0].Line)
		require.Empty(t, report.Users[0].InvitationURL)
		p := o.person()
		require.NoError(t, p.code(p.half(start), phone{key}.at(start), start), "signs in at once")

		require.NotEmpty(t, report.Users[1].InvitationURL)
		half, err := p.passwordOf("pass@example.test", adaPassword, start)
		require.NoError(t, err)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrNotEnrolled)

		ticket := strings.TrimPrefix(report.Users[2].InvitationURL, "https://id.example.test/invite?ticket=")
		half, err = p.invited(ticket, start)
		require.NoError(t, err)
		_, err = o.Enrol.InvitedEnroller(t.Context(), half, start)
		require.ErrorIs(t, err, account.ErrEnrolled, "the imported authenticator is asked for a code")
		require.NoError(t, p.code(half, phone{key}.at(start), start))
		_, err = p.invited(ticket, start)
		require.ErrorIs(t, err, account.ErrLink, "the invitation has no further use")

		require.NotEmpty(t, report.Users[3].InvitationURL)
		require.Empty(t, report.Users[4].InvitationURL)
		shut, err := o.Operate.Show(t.Context(), "shut@example.test")
		require.NoError(t, err)
		require.True(t, shut.User.Disabled())
	})
}

func TestImportOfForeignHash(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, err := imports(o, `{"email":"`+ada+`","password_hash":"`+foreignHash+`"}`)
		require.NoError(t, err)
		p := o.person()
		_, err = p.passwordOf(ada, "wrong", start)
		require.ErrorIs(t, err, account.ErrCredentials)
		_, err = p.passwordOf(ada, foreignPassword, start)
		require.NoError(t, err)
		login, err := o.store.Passwords.ByLogin(t.Context(), ada)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(login.Hash, "$argon2id$"), "replaced at the first sign-in")
		_, err = p.passwordOf(ada, foreignPassword, start)
		require.NoError(t, err)
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		report, err := imports(o,
			`{"email":"new@example.test","password":"`+adaPassword+`"}`,
			`{"email":"`+strings.ToUpper(ada)+`"}`,
			`{"email":"NEW@example.test"}`,
		)
		require.ErrorIs(t, err, port.ErrImport)
		require.Equal(t, []port.LineFault{
			{Line: 2, Message: "email: an account has it already"}, {Line: 3, Message: "email: the same as in line 1"},
		}, report.Faults)
		_, err = o.Operate.Show(t.Context(), "new@example.test")
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestDryRunChangesNothing(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	lines := `{"email":"new@example.test","totp":["` + secretURI + `"]}` + "\n" + `{"email":"bad"}`
	report, err := o.Port.Import(t.Context(), strings.NewReader(lines), port.ImportOptions{DryRun: true}, audit.Operator(), start)
	require.NoError(t, err)
	require.Equal(t, []port.Imported{{Line: 1, Email: "new@example.test", Authenticators: 1, NeedsInvitation: true}}, report.Users)
	require.Equal(t, 2, report.Faults[0].Line)
	users, err := o.Operate.List(t.Context(), "", 10)
	require.NoError(t, err)
	require.Empty(t, users)
}

func TestImportFaults(t *testing.T) {
	tests := map[string]struct{ line, fault string }{
		"not JSON":                {`{"email"`, "not well-formed JSON"},
		"a list":                  {`["a"]`, "not a JSON object"},
		"two objects":             {`{"email":"a@example.test"}{}`, "something follows"},
		"unknown member":          {`{"email":"a@example.test","admin":true}`, `member "admin" is not known`},
		"other capitals":          {`{"email":"a@example.test","Password":"x"}`, `member "Password" is not known`},
		"member twice":            {`{"email":"a@example.test","email":"b@example.test"}`, `member "email" is there twice`},
		"claim twice":             {`{"email":"a@example.test","claims":{"name":"a","name":"b"}}`, `member "name" is there twice`},
		"wrong type":              {`{"email":7}`, "email has the wrong type"},
		"invalid UTF-8":           {"{\"email\":\"\xff@example.test\"}", "not valid UTF-8"},
		"nested":                  {`{"email":"a@example.test","claims":{"x":{"y":{"z":{}}}}}`, "nested too deeply"},
		"no e-mail address":       {`{}`, "email: "},
		"password and hash":       {`{"email":"a@example.test","password":"` + adaPassword + `","password_hash":"` + foreignHash + `"}`, "password: cannot stand beside"},
		"weak password":           {`{"email":"a@example.test","password":"12345678"}`, "password: "},
		"unknown hash":            {`{"email":"a@example.test","password_hash":"5f4dcc3b5aa765d61d8327deb882cf99"}`, "password_hash: "},
		"counter-based key":       {`{"email":"a@example.test","totp":["otpauth://hotp/a?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]}`, "totp: "},
		"short key":               {`{"email":"a@example.test","totp":["otpauth://totp/a?secret=JBSWY3DP"]}`, "totp: "},
		"one secret twice":        {`{"email":"a@example.test","totp":["` + secretURI + `","` + secretURI + `&digits=8"]}`, "totp: has the same secret twice"},
		"claim that Postern sets": {`{"email":"a@example.test","claims":{"groups":["admin"]}}`, "claims.groups: cannot be set"},
	}
	o := openOffice(t, storagetest.SQLite(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := imports(o, test.line)
			require.ErrorIs(t, err, port.ErrImport)
			require.Len(t, report.Faults, 1)
			require.Contains(t, report.Faults[0].Message, test.fault)
			require.NotContains(t, report.Faults[0].Message, "JBSWY3DP", "no secret is quoted")
		})
	}
	t.Run("long line", func(t *testing.T) {
		report, err := imports(o, `{"email":"a@example.test"}`, `{"email":"`+strings.Repeat("a", 70_000)+`"}`)
		require.ErrorIs(t, err, port.ErrImport)
		require.Equal(t, []port.LineFault{{Line: 2, Message: "longer than 64 KiB"}}, report.Faults)
	})
}

func TestExportIsWhatImportReads(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		lines := []string{
			`{"email":"ada@example.test","email_verified":true,"username":"ada","password_hash":"` + foreignHash + `","totp":["` + secretURI + `"],` +
				`"groups":["staff"],"claims":{"name":"Ada & Co"}}`,
			`{"email":"bare@example.test","email_verified":false,"disabled":true}`,
		}
		_, err := imports(o, lines...)
		require.NoError(t, err)
		var plain, full bytes.Buffer
		count, err := o.Port.Export(t.Context(), &plain, port.ExportOptions{Secrets: false}, audit.Operator(), start)
		require.NoError(t, err)
		require.Equal(t, 2, count)
		require.NotContains(t, plain.String(), "$2a$")
		require.NotContains(t, plain.String(), "JBSWY3DP")
		_, err = o.Port.Export(t.Context(), &full, port.ExportOptions{Secrets: true}, audit.Operator(), start)
		require.NoError(t, err)
		require.Equal(t, 2, o.events(audit.UsersExported))

		other := openOffice(t, storagetest.SQLite(t))
		_, err = imports(other, full.String())
		require.NoError(t, err)
		var again bytes.Buffer
		_, err = other.Port.Export(t.Context(), &again, port.ExportOptions{Secrets: true}, audit.Operator(), start)
		require.NoError(t, err)
		require.ElementsMatch(t, strings.Split(full.String(), "\n"), strings.Split(again.String(), "\n"))
	})
}
