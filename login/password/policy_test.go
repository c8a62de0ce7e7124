package password_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/password"
)

var about = []string{"Ada Lovelace", "ada.lovelace@example.test", "", "Postern"}

func TestCheckAccepts(t *testing.T) {
	for _, text := range []string{
		"kx7#Qz!p",
		"correct horse battery staple",
		"zwölf Boxkämpfer jagen",
		"dampf lokomotive quer",
		"🦄🌵🎈🧀🚲🪐🎺🧊",
		"水面に映る月を見る",
		strings.Repeat("vq9-Wm2 ", 8),
		strings.Repeat("vq9-Wm2 ", 16),
		strings.Repeat("vq9-Wm2 ", 32),
		strings.Repeat("🦄🌵🎈🧀🚲🪐🎺🧊", 32), // 256 characters, 1024 bytes
		"an example of ada's",          // three letters of a name are part of many words
	} {
		require.NoError(t, password.Check(text, about...), "%q", text)
	}
}

func TestCheckRefuses(t *testing.T) {
	const (
		short    = "shorter than 8"
		long     = "longer than 256"
		bytes    = "not a character"
		common   = "most common"
		personal = "name or e-mail address"
		guess    = "easy to guess"
	)
	for text, reason := range map[string]string{
		"":                             short,
		"kx7#Qz!":                      short,
		"e\u0301u\u0308o\u0308a\u0308": short, // four characters after normalization
		strings.Repeat("vq9-Wm2 ", 33): long,
		strings.Repeat("x", 1<<20):     long,
		"kx7#Qz!p\x00":                 bytes,
		"kx7#Qz!p\xff":                 bytes,
		"password":                     common,
		"PASSWORD":                     common,
		"ｐａｓｓｗｏｒｄ":                     common,
		"Password123!":                 common,
		"P@ssw0rd2024!":                common,
		"Summer2024!":                  common,
		"12345678":                     common,
		"qwertyuiop":                   common,
		"Passwort1":                    common,
		"correcthorsebatterystaple":    common,
		"Lovelace-kx7#Qz!":             personal,
		"kx7#LOVELACE":                 personal,
		"kx7 ada.lovelace Qz":          personal,
		"kx7AdaLovelaceQz":             personal,
		"our-postern-door":             personal,
		"abababababab":                 guess,
		"zaqwsxcde":                    guess,
		"19871123":                     guess,
		"ZZZZZZZZZZZZ":                 guess,
	} {
		err := password.Check(text, about...)
		var weak *password.WeakError
		require.ErrorAs(t, err, &weak, "%.40q", text)
		require.Contains(t, err.Error(), reason, "%.40q", text)
		require.Contains(t, password.Reasons(), weak.Reason)
	}
}

func TestEmptyNamesAreIgnored(t *testing.T) {
	require.NoError(t, password.Check("Lovelace-kx7#Qz!"))
	require.NoError(t, password.Check("Lovelace-kx7#Qz!", "", "@", "a@b", "Bob"))
}

func TestStrength(t *testing.T) {
	require.Equal(t, 0, password.Strength("password1"))
	require.Equal(t, 4, password.Strength("correct horse battery staple"))
	require.Less(t, password.Strength("lovelaceada9"), password.Strength("quagmire-fjord-9"))
	require.Less(t, password.Strength("quagmirefjord", "Quagmire", "fjord@example.test"), password.Strength("quagmirefjord"))
	for _, text := range []string{"", "short", "kx7#Qz!p\xff", strings.Repeat("vq9-Wm2 ", 33), strings.Repeat("x", 1<<20)} {
		require.Equal(t, 0, password.Strength(text), "%.40q", text)
	}
}

// Without its bound the estimate takes seconds for the last of these.
func TestStrengthOfSignsThatStandForLetters(t *testing.T) {
	const signs = "4@8({[<36901!|70$5+72%"
	require.Equal(t, 0, password.Strength("p455w0rd"))
	require.Positive(t, password.Strength(signs))
	allocations := testing.AllocsPerRun(1, func() { password.Strength(strings.Repeat(signs, 5) + "x") })
	require.Less(t, allocations, 100_000.0)
}

// A password that Check accepts obeys the stated rules, and Check never panics.
func FuzzCheck(f *testing.F) {
	f.Add("correct horse battery staple", "Ada Lovelace")
	f.Add("🦄🌵🎈🧀🚲🪐🎺🧊", "ada@example.test")
	f.Add("P@ssw0rd2024!", "")
	f.Add("1/1/1991 ßß 4$0", "\xff")
	f.Fuzz(func(t *testing.T, text, name string) {
		strength := password.Strength(text, name)
		require.GreaterOrEqual(t, strength, 0)
		require.LessOrEqual(t, strength, 4)
		if password.Check(text, name) != nil {
			return
		}
		require.Positive(t, strength)
		require.True(t, utf8.ValidString(text))
		require.NotContains(t, text, "\x00")
		require.LessOrEqual(t, len(text), 1024)
		require.NoError(t, password.Check(text), "less known, not weaker")
	})
}
