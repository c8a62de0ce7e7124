package otp_test

import (
	"strings"
	"testing"

	independent "github.com/pquerna/otp"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

const secretText = "MEQHGZLDOJSXIIDPMYQDEMBAMJ4XIZLT" // of fixedKey

func TestURI(t *testing.T) {
	for _, row := range []struct {
		issuer, account string
		label           string // as it stands in the URI
	}{
		{"Example", "ada", "Example:ada"},
		{"Example", "ada@example.test", "Example:ada%40example.test"},
		{"Marks & Spencer", "ada+otp@example.test", "Marks%20%26%20Spencer:ada%2Botp%40example.test"},
		{"1+1=2?", "a/b#c", "1%2B1%3D2%3F:a%2Fb%23c"},
		{"Bücher Größe", "jürgen", "B%C3%BCcher%20Gr%C3%B6%C3%9Fe:j%C3%BCrgen"},
		{"-._~", "%41", "-._~:%2541"},
		{"図書館", "\"'<>", "%E5%9B%B3%E6%9B%B8%E9%A4%A8:%22%27%3C%3E"},
	} {
		t.Run(row.issuer, func(t *testing.T) {
			uri, err := otp.URI(fixedKey(), row.issuer, row.account)
			require.NoError(t, err)
			issuer, _, _ := strings.Cut(row.label, ":")
			require.Equal(t, "otpauth://totp/"+row.label+"?secret="+secretText+"&issuer="+issuer+
				"&algorithm=SHA1&digits=6&period=30", uri)

			key, label, err := otp.ParseURI(uri)
			require.NoError(t, err)
			require.Equal(t, fixedKey(), key)
			require.Equal(t, otp.Label{Issuer: row.issuer, Account: row.account}, label)

			other, err := independent.NewKeyFromURL(uri)
			require.NoError(t, err)
			require.Equal(t, row.issuer, other.Issuer())
			require.Equal(t, row.account, other.AccountName())
			require.Equal(t, secretText, other.Secret())
		})
	}
	uri, err := otp.URI(otp.Key{Secret: fixedKey().Secret, Parameters: otp.Parameters{Algorithm: otp.SHA512, Digits: 8, Period: 60}}, "E", "a")
	require.NoError(t, err)
	require.Contains(t, uri, "&algorithm=SHA512&digits=8&period=60")
}

func TestURIRefuses(t *testing.T) {
	for _, row := range []otp.Label{
		{"", "ada"}, {"Example", ""}, {"Exa:mple", "ada"}, {"Example", "a:da"},
		{" Example", "ada"}, {"Example", "ada "}, {"Example", "a\nda"}, {"Exam\u202eple", "ada"},
		{"Exam\u200bple", "ada"}, {"Example", "ad\xff"},
	} {
		_, err := otp.URI(fixedKey(), row.Issuer, row.Account)
		require.ErrorIs(t, err, otp.ErrLabel, "%q", row)
	}
	_, err := otp.URI(fixedKey(), "Example", strings.Repeat("a", 450))
	require.ErrorIs(t, err, otp.ErrTooLong)
	_, err = otp.URI(fixedKey(), strings.Repeat("E", 64), strings.Repeat("a", 254))
	require.NoError(t, err, "the longest e-mail address fits")
}

func TestParseURIOfOthers(t *testing.T) {
	for text, want := range map[string]struct {
		label      otp.Label
		parameters otp.Parameters
	}{
		"otpauth://totp/ada?secret=" + secretText: {
			otp.Label{Account: "ada"}, otp.Default(),
		},
		"otpauth://totp/Example:ada?secret=" + strings.ToLower(secretText) + "&issuer=Example": {
			otp.Label{Issuer: "Example", Account: "ada"}, otp.Default(),
		},
		"otpauth://totp/Example%3A%20ada@example.test?secret=" + secretText + "&algorithm=sha256": {
			otp.Label{Issuer: "Example", Account: "ada@example.test"},
			otp.Parameters{Algorithm: otp.SHA256, Digits: 6, Period: 30},
		},
		"otpauth://totp/ada?issuer=Two%20Words&digits=8&period=60&secret=" + secretText: {
			otp.Label{Issuer: "Two Words", Account: "ada"},
			otp.Parameters{Algorithm: otp.SHA1, Digits: 8, Period: 60},
		},
	} {
		key, label, err := otp.ParseURI(text)
		require.NoError(t, err, text)
		require.Equal(t, fixedKey().Secret, key.Secret)
		require.Equal(t, want.label, label)
		require.Equal(t, want.parameters, key.Parameters)
	}

	_, label, err := otp.ParseURI("otpauth://totp/Example:ada?secret=" + secretText + "&image=https%3A%2F%2Fexample.test%2Fa.png&color=ff0000")
	require.NoError(t, err)
	require.Equal(t, otp.Label{Issuer: "Example", Account: "ada"}, label, "how an app shows it does not matter")
	key, _, err := otp.ParseURI("otpauth://totp/ada?secret=AAAAAAAAAAAAAAAAAAAAAAAAAA======")
	require.NoError(t, err)
	require.Equal(t, make([]byte, 16), key.Secret, "padding is allowed")
}

func TestParseShortURI(t *testing.T) {
	const short = "otpauth://totp/Example:ada?secret=JBSWY3DPEHPK3PXP" // 10 bytes
	_, _, err := otp.ParseURI(short)
	require.ErrorIs(t, err, otp.ErrMalformedURI)
	key, _, err := otp.ParseShortURI(short)
	require.NoError(t, err)
	require.True(t, key.Short)
	require.NoError(t, key.Validate())
	uri, err := otp.URI(key, "Example", "ada")
	require.NoError(t, err)
	again, _, err := otp.ParseShortURI(uri)
	require.NoError(t, err)
	require.Equal(t, key, again)
	key.Short = false
	require.ErrorIs(t, key.Validate(), otp.ErrShortSecret)

	key, _, err = otp.ParseShortURI("otpauth://totp/Example:ada?secret=" + secretText)
	require.NoError(t, err)
	require.False(t, key.Short)
	_, _, err = otp.ParseShortURI("otpauth://totp/Example:ada?secret=JBSWY3DPEHPK2") // 8 bytes
	require.ErrorIs(t, err, otp.ErrMalformedURI)
}

func TestParseURIRefuses(t *testing.T) {
	const good = "otpauth://totp/Example:ada?secret=" + secretText
	for name, text := range map[string]string{
		"empty":              "",
		"other scheme":       strings.Replace(good, "otpauth", "https", 1),
		"counter-based":      strings.Replace(good, "totp", "hotp", 1) + "&counter=1",
		"no host":            "otpauth:totp/ada?secret=" + secretText,
		"port":               strings.Replace(good, "totp/", "totp:80/", 1),
		"user":               strings.Replace(good, "totp/", "me@totp/", 1),
		"fragment":           good + "#f",
		"no label":           "otpauth://totp/?secret=" + secretText,
		"no account":         "otpauth://totp/Example:?secret=" + secretText,
		"no issuer":          "otpauth://totp/:ada?secret=" + secretText,
		"two colons":         "otpauth://totp/Example:ada:x?secret=" + secretText,
		"path":               "otpauth://totp/Example/ada?secret=" + secretText,
		"bad escape":         "otpauth://totp/Ex%zzample:ada?secret=" + secretText,
		"control character":  "otpauth://totp/Example:a%0Ada?secret=" + secretText,
		"no secret":          "otpauth://totp/Example:ada",
		"empty secret":       "otpauth://totp/Example:ada?secret=",
		"short secret":       "otpauth://totp/Example:ada?secret=AAAAAAAAAAAAAAAAAAAAAAAA",
		"long secret":        "otpauth://totp/Example:ada?secret=" + strings.Repeat("A", 208),
		"not base32":         strings.Replace(good, secretText, "0"+secretText[1:], 1),
		"line break":         good + "%0A",
		"secret twice":       good + "&secret=" + secretText,
		"other issuer":       good + "&issuer=Elsewhere",
		"empty issuer":       good + "&issuer=",
		"unknown parameter":  good + "&encoder=steam",
		"capital parameter":  good + "&Digits=8",
		"semicolon":          good + ";digits=8",
		"MD5":                good + "&algorithm=MD5",
		"seven digits":       good + "&digits=7",
		"digits not decimal": good + "&digits=0x6",
		"zero period":        good + "&period=0",
		"negative period":    good + "&period=-30",
		"too long":           good + "&issuer=" + strings.Repeat("E", 512),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := otp.ParseURI(text)
			require.ErrorIs(t, err, otp.ErrMalformedURI)
			require.NotContains(t, err.Error(), secretText, "errors go to logs")
		})
	}
}

// A parsed URI can be written again and then means the same.
func FuzzParseURI(f *testing.F) {
	f.Add("otpauth://totp/Example:ada?secret=" + secretText + "&issuer=Example&algorithm=SHA256&digits=8&period=60")
	f.Add("otpauth://totp/Marks%20%26%20Spencer%3A%20ada%2B1?secret=" + strings.ToLower(secretText))
	f.Add("otpauth://totp/ada?secret=AAAAAAAAAAAAAAAAAAAAAAAAAA======&issuer=A+B")
	f.Add("otpauth://totp/?secret=%zz")
	f.Fuzz(func(t *testing.T, text string) {
		key, label, err := otp.ParseURI(text)
		if err != nil {
			require.ErrorIs(t, err, otp.ErrMalformedURI)
			return
		}
		require.NoError(t, key.Validate())
		if label.Issuer == "" {
			label.Issuer = "Example"
		}
		uri, err := otp.URI(key, label.Issuer, label.Account)
		if err != nil {
			require.ErrorIs(t, err, otp.ErrTooLong, "percent-encoding may make it longer; nothing else may fail")
			return
		}
		key2, label2, err := otp.ParseURI(uri)
		require.NoError(t, err)
		require.Equal(t, key, key2)
		require.Equal(t, label, label2)
	})
}
