package browsertest

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The secrets of RFC 6238 appendix B in base32.
const (
	sha1Secret   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	sha256Secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA===="
)

func TestCode(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	require.Equal(t, "94287082", Code(t, "otpauth://totp/x?digits=8&secret="+sha1Secret, at(59)))
	require.Equal(t, "287082", Code(t, "otpauth://totp/x?secret="+sha1Secret, at(59)))
	require.Equal(t, "46119246", Code(t, "otpauth://totp/x?algorithm=SHA256&digits=8&secret="+sha256Secret, at(59)))
	require.Equal(t, "287082", Code(t, "otpauth://totp/x?period=60&secret="+sha1Secret, at(119)))
	require.Equal(t, "081804", Code(t, "otpauth://totp/x?secret="+sha1Secret, at(1111111109).In(time.FixedZone("far", 3600))))
}

func TestCodeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := Code(t, otpauth, time.Now())
		require.Len(t, first, 6)
		time.Sleep(30 * time.Second)
		require.NotEqual(t, first, Code(t, otpauth, time.Now()))
	})
}

func TestCodeSaysWhatIsWrong(t *testing.T) {
	for uri, want := range map[string]string{
		"otpauth://hotp/x?secret=" + sha1Secret: "not an otpauth URI",
		"https://totp/":                         "not an otpauth URI",
		"otpauth://totp/x?secret=1":             "oathtool",
	} {
		require.Contains(t, failure(t, func(tb testing.TB) { Code(tb, uri, time.Now()) }), want)
	}
	require.Contains(t, failure(t, func(tb testing.TB) { program(tb, "no-such-package", "", "no-such-program") }),
		"no-such-program is not installed: apt install no-such-package")
}

func TestAbsentChromiumIsNamed(t *testing.T) {
	SkipIfShort(t)
	t.Setenv("PATH", "")
	require.Contains(t, failure(t, func(tb testing.TB) { Start(tb, Options{}) }), "apt install chromium")
}

func TestChromiumThatDoesNotStart(t *testing.T) {
	SkipIfShort(t)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "chromium"), []byte("#!/bin/sh\nexit 1\n"), 0o755))
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	require.Contains(t, failure(t, func(tb testing.TB) { Start(tb, Options{}) }), "chromium does not start: ")
}
