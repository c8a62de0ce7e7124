package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Postern starts with every name that postern config check accepts, whatever the parameters of the codes.
func TestEveryNameThatIsValidStarts(t *testing.T) {
	store := storagetest.Open(t)
	for _, letter := range []string{"a", "&", " a", "Ä", "株", "🏢"} {
		longest := 0
		for length := 1; length <= 65; length++ {
			cfg, err := config.Load(config.Sources{Environ: []string{
				"POSTERN_BRAND_NAME=" + strings.TrimSpace(strings.Repeat(letter, length)), "POSTERN_TOTP_ALGORITHM=SHA512",
				"POSTERN_TOTP_DIGITS=8", "POSTERN_TOTP_PERIOD=2m",
			}})
			if err != nil {
				continue
			}
			longest = length
			_, err = newAccounts(cfg, slog.New(slog.DiscardHandler), store, audit.New(store))
			require.NoError(t, err, "%d × %s", length, letter)
		}
		require.GreaterOrEqual(t, longest, 16, letter)
	}
}
