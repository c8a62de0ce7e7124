package device

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzUserCode(f *testing.F) {
	for _, seed := range []string{"BCDF-GHJK", "bcdf ghjk", "ｂｃｄｆ－ｇｈｊｋ", "", "ABCDEFGH", "BCDFGHJKL", "\u2010BCDFGHJK\n", "ſBCDFGHK", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := readUserCode(typed)
		require.Equal(t, code, readUserCode(code))
		if code == "" {
			return
		}
		require.Len(t, code, userCodeLength)
		require.Empty(t, strings.Trim(code, userCodeLetters))
		require.Equal(t, code, readUserCode(formatUserCode(code)))
		require.Equal(t, code, readUserCode(strings.ToLower(formatUserCode(code))))
	})
}
