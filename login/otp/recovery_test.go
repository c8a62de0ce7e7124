package otp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

func TestNewRecoveryCodes(t *testing.T) {
	const sets = 1000
	seen := map[string]bool{}
	counts := map[rune]int{}
	for range sets {
		codes := otp.NewRecoveryCodes()
		require.Len(t, codes, 10)
		for _, code := range codes {
			require.Regexp(t, `^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$`, code)
			normalized, err := otp.NormalizeRecovery(code)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(code, "-", ""), normalized)
			require.False(t, seen[normalized], "the same code twice")
			seen[normalized] = true
			for _, symbol := range normalized {
				counts[symbol]++
			}
		}
	}
	require.Len(t, seen, 10*sets)
	require.Len(t, counts, 32, "every symbol of 5 bits")
	const expected = 10 * sets * 10 / 32
	for symbol, n := range counts {
		require.InDelta(t, expected, n, 0.15*expected, "%c", symbol) // more than eight standard deviations
	}
}

func TestNormalizeRecovery(t *testing.T) {
	for typed, want := range map[string]string{
		"0a1b2-c3d4e":      "0a1b2c3d4e",
		"0A1B2-C3D4E":      "0a1b2c3d4e",
		"0a1b2c3d4e":       "0a1b2c3d4e",
		" 0a1b2 – c3d4e\n": "0a1b2c3d4e",
		"OA1B2-C3D4E":      "0a1b2c3d4e",
		"oaIb2-c3d4e":      "0a1b2c3d4e",
		"0alb2-c3d4e":      "0a1b2c3d4e",
		"０Ａ１ｂ２－ｃ３Ｄ４ｅ":      "0a1b2c3d4e",
		"zzzzz-zzzzz":      "zzzzzzzzzz",
	} {
		got, err := otp.NormalizeRecovery(typed)
		require.NoError(t, err, "%q", typed)
		require.Equal(t, want, got, "%q", typed)
	}
	for _, typed := range []string{
		"", "0a1b2-c3d4", "0a1b2-c3d4ef", "0a1b2-c3d4u", "0a1b2_c3d4e", "0a1b2\u200bc3d4e",
		"0a1b2-c3d4é", "0a1b2-c3d4\u212a" /* Kelvin sign */, "0a1b2-c3d4\xff",
		strings.Repeat(" ", 60) + "0a1b2c3d4e",
	} {
		_, err := otp.NormalizeRecovery(typed)
		require.ErrorIs(t, err, otp.ErrMalformedCode, "%q", typed)
	}
}

// What is accepted has the form of a code that NewRecoveryCodes makes, and
// neither case nor the hyphen matters.
func FuzzNormalizeRecovery(f *testing.F) {
	f.Add("0a1b2-c3d4e")
	f.Add("OIL00 ZZZZZ")
	f.Add("ｏｉｌ００－ｚｚｚｚｚ")
	f.Fuzz(func(t *testing.T, typed string) {
		normalized, err := otp.NormalizeRecovery(typed)
		if err != nil {
			require.ErrorIs(t, err, otp.ErrMalformedCode)
			return
		}
		require.Regexp(t, `^[0-9a-hjkmnp-tv-z]{10}$`, normalized)
		for _, spelling := range []string{
			normalized,
			strings.ToUpper(normalized),
			normalized[:5] + "-" + normalized[5:],
		} {
			again, err := otp.NormalizeRecovery(spelling)
			require.NoError(t, err)
			require.Equal(t, normalized, again)
		}
	})
}
