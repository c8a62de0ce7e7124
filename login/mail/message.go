package mail

import (
	"net/mail"

	gomail "github.com/wneessen/go-mail"

	"github.com/postern-id/postern/storage"
)

// compose writes a message of the outbox, identically at each attempt: its Message-ID comes from the row, so that a mailbox can recognize a
// duplicate. An error is permanent.
func (s *SMTP) compose(m storage.Mail) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(m.Recipient)
	ascii, ok := storage.MailAddress(m.Recipient)
	if err != nil || to.Address != m.Recipient || !ok {
		return nil, &failure{what: "was not asked: the recipient is not a plain address", message: true, permanent: true}
	}
	to.Address = ascii
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderFrom, s.from)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, to)
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5: no out-of-office replies
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Body)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}
