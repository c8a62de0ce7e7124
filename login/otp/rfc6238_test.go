package otp_test

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

// RFC 6238 Appendix B; the secrets are those of its reference code, as long as
// the output of the hash function.
func TestAppendixB(t *testing.T) {
	const digits = "1234567890"
	keys := map[string]otp.Key{}
	for algorithm, length := range map[string]int{otp.SHA1: 20, otp.SHA256: 32, otp.SHA512: 64} {
		keys[algorithm] = otp.Key{
			Secret:     []byte(strings.Repeat(digits, 7)[:length]),
			Parameters: otp.Parameters{Algorithm: algorithm, Digits: 8, Period: 30},
		}
	}
	for _, row := range []struct {
		unix   int64
		step   int64
		sha1   string
		sha256 string
		sha512 string
	}{
		{59, 0x1, "94287082", "46119246", "90693936"},
		{1111111109, 0x23523EC, "07081804", "68084774", "25091201"},
		{1111111111, 0x23523ED, "14050471", "67062674", "99943326"},
		{1234567890, 0x273EF07, "89005924", "91819424", "93441116"},
		{2000000000, 0x3F940AA, "69279037", "90698825", "38618901"},
		{20000000000, 0x27BC86AA, "65353130", "77737706", "47863826"},
	} {
		now := time.Unix(row.unix, 0)
		for algorithm, want := range map[string]string{otp.SHA1: row.sha1, otp.SHA256: row.sha256, otp.SHA512: row.sha512} {
			t.Run(fmt.Sprintf("%s at %d", algorithm, row.unix), func(t *testing.T) {
				key := keys[algorithm]
				got, err := key.CodeAt(now)
				require.NoError(t, err)
				require.Equal(t, want, got)

				step, ok := key.Match(want, now, 0)
				require.True(t, ok)
				require.Equal(t, row.step, step)
			})
		}
	}
}

// The oathtool program computes the same codes, independently.
func TestSameCodesAsOathtool(t *testing.T) {
	program, err := exec.LookPath("oathtool")
	require.NoError(t, err, "this test needs the oathtool program (Debian package oathtool) and is not skipped without it")

	const steps = 20
	start := time.Date(2031, 5, 1, 12, 0, 7, 0, time.UTC)
	for _, p := range []otp.Parameters{
		otp.Default(),
		{Algorithm: otp.SHA1, Digits: 8, Period: 60},
		{Algorithm: otp.SHA256, Digits: 6, Period: 30},
		{Algorithm: otp.SHA256, Digits: 8, Period: 45},
		{Algorithm: otp.SHA512, Digits: 6, Period: 60},
		{Algorithm: otp.SHA512, Digits: 8, Period: 30},
	} {
		t.Run(fmt.Sprintf("%s %d digits %d s", p.Algorithm, p.Digits, p.Period), func(t *testing.T) {
			key := otp.NewKey(p)
			out, err := exec.CommandContext(t.Context(), program, "--base32",
				"--totp="+p.Algorithm,
				"--digits="+strconv.Itoa(p.Digits),
				"--time-step-size="+strconv.Itoa(p.Period)+"s",
				"--window="+strconv.Itoa(steps-1),
				"--now="+start.Format("2006-01-02 15:04:05 UTC"),
				key.Base32()).Output()
			require.NoError(t, err)
			codes := strings.Fields(string(out))
			require.Len(t, codes, steps)
			for i, code := range codes {
				now := start.Add(time.Duration(i*p.Period) * time.Second)
				got, err := key.CodeAt(now)
				require.NoError(t, err)
				require.Equal(t, code, got)
				step, ok := key.Match(code, now, 0)
				require.True(t, ok)
				require.Equal(t, p.Step(now), step)
			}
		})
	}
}
