package form

import (
	"html/template"
	"strings"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/templates"
)

// Setup shows the key of an authenticator that is being enrolled, as a QR code, a link and text. clock is the server's time if a wrong
// clock may be why a code was refused, else the zero time.
func Setup(e account.Enrolment, clock time.Time) (templates.Setup, error) {
	qr, err := otp.QR(e.URI, "QR code of the setup key")
	if err != nil {
		return templates.Setup{}, err
	}
	return templates.Setup{
		Issuer: e.Issuer, Account: e.Account, QR: template.HTML(qr), URI: template.URL(e.URI),
		Key: strings.Fields(e.Key.Groups()), Algorithm: e.Key.Algorithm, Digits: e.Key.Digits, Period: e.Key.Period, ServerTime: clock,
	}, nil
}
