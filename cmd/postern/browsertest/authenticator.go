package browsertest

import (
	"context"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// QR takes a screenshot named "qr" and returns the text of the one QR code in
// it, read off the picture by zbarimg as by a phone's camera. zbarimg has to be
// installed: apt install zbar-tools.
func (b *Browser) QR() string {
	b.t.Helper()
	text := program(b.t, "zbar-tools", "", "zbarimg", "--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", b.Screenshot("qr"))
	if strings.Contains(text, "\n") {
		b.fatalf("there is more than one QR code: %q", text)
	}
	return text
}

// Code returns the one-time code that an authenticator enrolled with the
// otpauth URI shows at now, computed by oathtool. A code can be used once: for
// the next one at once, add the period to now, since servers accept a phone
// whose clock is one step ahead. oathtool has to be installed: apt install
// oathtool.
func Code(t testing.TB, uri string, now time.Time) string {
	t.Helper()
	address, err := url.Parse(uri)
	if err != nil || address.Scheme != "otpauth" || address.Host != "totp" {
		t.Fatalf("%q is not an otpauth URI for one-time codes by time", uri)
	}
	parameters := address.Query()
	parameter := func(name, standard string) string {
		if value := parameters.Get(name); value != "" {
			return value
		}
		return standard
	}
	return program(t, "oathtool", parameters.Get("secret"), "oathtool", "--base32",
		"--totp="+parameter("algorithm", "SHA1"),
		"--digits="+parameter("digits", "6"),
		"--time-step-size="+parameter("period", "30")+"s",
		"--now="+now.UTC().Format("2006-01-02 15:04:05 UTC"),
		"-")
}

// program runs a program of a Debian package with input on its standard input
// and returns its standard output without the last line break.
func program(t testing.TB, debianPackage, input, name string, arguments ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: apt install %s", name, debianPackage)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, path, arguments...)
	command.Stdin = strings.NewReader(input)
	var faults strings.Builder
	command.Stderr = &faults
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, faults.String())
	}
	return strings.TrimSuffix(string(output), "\n")
}
