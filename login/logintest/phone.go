package logintest

import (
	"encoding/base32"
	"regexp"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

// Phone is an authenticator app.
type Phone struct{ Key otp.Key }

// Code returns the code that the phone shows now.
func (p Phone) Code() string { return p.CodeAt(time.Now()) }

// CodeAt returns the code that the phone shows at a moment.
func (p Phone) CodeAt(at time.Time) string {
	code, err := p.Key.CodeAt(at)
	if err != nil {
		panic(err)
	}
	return code
}

var keyGroup = regexp.MustCompile(`<code class="key" id="key">(.*?)</code>`)

// Scan reads the key off the enrolment page.
func (w *World) Scan(p Page) Phone {
	w.T.Helper()
	shown := keyGroup.FindStringSubmatch(p.Body)
	require.NotNil(w.T, shown, "no key on the page:\n%s", p.Text())
	text := regexp.MustCompile(`[^A-Z2-7]`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(shown[1], ""), "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	require.NoError(w.T, err)
	return Phone{otp.Key{Secret: secret, Parameters: otp.Default()}}
}

var recoveryCode = regexp.MustCompile(`<li><code>([^<]+)</code></li>`)

// RecoveryCodes returns the codes on the page that shows them.
func RecoveryCodes(p Page) []string {
	var codes []string
	for _, found := range recoveryCode.FindAllStringSubmatch(p.Body, -1) {
		codes = append(codes, found[1])
	}
	return codes
}
