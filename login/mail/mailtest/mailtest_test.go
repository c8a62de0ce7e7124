package mailtest_test

import (
	"net/smtp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/mail/mailtest"
)

const example = "Subject: =?UTF-8?q?Gr=C3=B6=C3=9Fe?=\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nOpen https://id.example.test/x?a=b now\r\n" +
	"--b\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p lang=3D\"de\">\r\n--b--\r\n"

// This uses the client of the standard library, which Postern does not use.
func TestServer(t *testing.T) {
	server := mailtest.Start(t)
	send := func() error {
		return smtp.SendMail(server.Address(), nil, "postern@example.test", []string{"ada@example.test"}, []byte(example))
	}
	require.NoError(t, send())
	m := server.Wait(t, "ada@example.test")
	require.Equal(t, "postern@example.test", m.From)
	require.Equal(t, "Größe", m.Subject)
	require.Equal(t, "Open https://id.example.test/x?a=b now", m.Text)
	require.Equal(t, `<p lang="de">`, m.HTML)
	require.Equal(t, "https://id.example.test/x?a=b", m.Link())

	server.Refuse(mailtest.Recipient, 450)
	require.ErrorContains(t, send(), "450")
	server.RefuseOnce(mailtest.Content, 550, 1)
	require.ErrorContains(t, send(), "550")
	require.NoError(t, send())
	server.Stop()
	require.ErrorContains(t, send(), "refused")
	server.Accept()
	server.Restart()
	require.NoError(t, send())
	require.Len(t, server.Messages(), 3)
	server.Wait(t, "ada@example.test")
	server.Wait(t, "ada@example.test")
}
