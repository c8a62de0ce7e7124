package otp_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

func TestNormalize(t *testing.T) {
	for typed, want := range map[string]string{
		"123456":                               "123456",
		"012345":                               "012345",
		"123 456":                              "123456",
		"123-456":                              "123456",
		" 1 2 3 4 5 6 ":                        "123456",
		"123456\r\n":                           "123456",
		"\t123456":                             "123456",
		"123\u00a0456":                         "123456", // no-break space
		"123\u2003456":                         "123456", // em space
		"123\u3000456":                         "123456", // ideographic space
		"123\u2011456":                         "123456", // non-breaking hyphen
		"123\u2013456":                         "123456", // en dash
		"１２３４５６":                               "123456",
		"１２３－４５６":                              "123456",
		"\u0661\u0662\u0663456":                "123456", // Arabic-Indic
		"\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6": "123456", // extended Arabic-Indic
	} {
		got, err := otp.Normalize(typed, 6)
		require.NoError(t, err, "%q", typed)
		require.Equal(t, want, got, "%q", typed)
	}
	got, err := otp.Normalize("1234 5678", 8)
	require.NoError(t, err)
	require.Equal(t, "12345678", got)
}

func TestNormalizeRefuses(t *testing.T) {
	for _, typed := range []string{
		"", " ", "12345", "1234567", "0123456", "12345a", "+123456", "123.456", "123,456",
		"123\u200b456",                    // zero-width space
		"\ufeff123456",                    // byte order mark
		"123\u00ad456",                    // soft hyphen
		"123\u200d456",                    // zero-width joiner
		"\u202e654321",                    // right-to-left override
		"12345\u00b2",                     // superscript two
		"\u0967\u0968\u0969\u096a\u096b6", // Devanagari digits
		"\u2460\u2461\u2462456",           // circled digits
		"123456\x00",
		"12345\xff",
		"                                                           123456",
	} {
		_, err := otp.Normalize(typed, 6)
		require.ErrorIs(t, err, otp.ErrMalformedCode, "%q", typed)
	}
	_, err := otp.Normalize("123456", 8)
	require.ErrorIs(t, err, otp.ErrMalformedCode)
}

// However a used code is typed again, it belongs to the used step.
func TestEverySpellingIsTheSameStep(t *testing.T) {
	key := fixedKey()
	code := codeAt(t, key, boundary)
	used, ok := key.Match(code, boundary, 1)
	require.True(t, ok)

	wide, arabic := "", ""
	for _, digit := range code {
		wide += string('０' + digit - '0')
		arabic += string('\u0660' + digit - '0')
	}
	for _, typed := range []string{code[:3] + " " + code[3:], code[:1] + "-" + code[1:], wide, arabic, code + "\u2003"} {
		normalized, err := otp.Normalize(typed, 6)
		require.NoError(t, err, "%q", typed)
		step, ok := key.Match(normalized, boundary, 1)
		require.True(t, ok, "%q", typed)
		require.Equal(t, used, step, "%q", typed)
	}
	for _, typed := range []string{"0" + code, "+" + code, code[:3] + "\u200b" + code[3:]} {
		_, err := otp.Normalize(typed, 6)
		require.ErrorIs(t, err, otp.ErrMalformedCode, "%q", typed)
	}
}

// The result has exactly the given number of ASCII digits, and normalizing it again changes nothing.
func FuzzNormalize(f *testing.F) {
	f.Add("123 456", 6)
	f.Add("１２３４-５６７８", 8)
	f.Add("123\u200b456", 6)
	f.Add("\xff23456", 6)
	f.Fuzz(func(t *testing.T, typed string, digits int) {
		normalized, err := otp.Normalize(typed, digits)
		if err != nil {
			require.ErrorIs(t, err, otp.ErrMalformedCode)
			return
		}
		require.Len(t, normalized, digits)
		require.NotContains(t, typed, "\x00")
		require.True(t, utf8.ValidString(typed))
		for _, c := range normalized {
			require.True(t, c >= '0' && c <= '9', "%q", normalized)
		}
		again, err := otp.Normalize(normalized, digits)
		require.NoError(t, err)
		require.Equal(t, normalized, again)
	})
}
