package mail

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"syscall"
)

// failure says why a message was not sent. Its text contains the code of the server's reply, but not the reply's text, which may name
// people.
type failure struct {
	what      string // "refused the recipient"
	code      int    // of the server's answer; 0 when there was none
	server    bool   // any other message would also fail now
	message   bool   // the message itself may be the cause
	permanent bool   // the message would fail again
}

// Error returns what failed, as a sentence.
func (f *failure) Error() string {
	text := "the mail server " + f.what
	if f.code != 0 {
		text += " with " + strconv.Itoa(f.code)
	}
	return text
}

// failed returns the failure of a step that every message needs.
func failed(err error, what string) *failure {
	f := &failure{what: what, server: true}
	var answer *textproto.Error
	var netErr net.Error
	switch {
	case errors.As(err, &answer):
		f.code = answer.Code
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		f.what = "did not answer in time"
	case untrusted(err):
		f.what = "has no valid certificate"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE):
		f.what = "ended the connection"
	}
	return f
}

// refused returns the failure of a step that concerns one message. A 5xx reply is final (RFC 5321 section 4.2.1), but 421 ends the
// connection and 530 demands authentication, which are not the message's fault.
func refused(err error, what string) *failure {
	f := failed(err, what)
	if f.code != 0 && f.code != 421 && f.code != 530 {
		f.server, f.message, f.permanent = false, true, f.code/100 == 5
	}
	return f
}

// interrupted is refused for the content: without a reply nobody knows whether the server has accepted the message, so further attempts
// wait longer.
func interrupted(err error) *failure {
	f := refused(err, "refused the content")
	f.message = f.message || f.code == 0
	return f
}

func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}
