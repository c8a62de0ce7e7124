package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
)

// Message is a message that the server has accepted.
type Message struct {
	From, To   string // the recipient of the envelope
	Subject    string
	Text, HTML string // the parts of multipart/alternative, decoded
	Header     mail.Header
	Raw        string
}

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// Link returns the first URL in the text, or "".
func (m Message) Link() string { return link.FindString(m.Text) }

// read parses a message as a strict reader does: one plain text and one HTML part.
func read(raw []byte) (Message, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Message{}, err
	}
	m := Message{Header: parsed.Header, Raw: string(raw)}
	var decoder mime.WordDecoder
	if m.Subject, err = decoder.DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return Message{}, err
	}
	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return Message{}, err
	}
	if kind == "text/plain" {
		m.Text, err = content(parsed.Body, parsed.Header.Get("Content-Transfer-Encoding"))
		return m, err
	}
	if kind != "multipart/alternative" {
		return Message{}, fmt.Errorf("content is %s", kind)
	}
	return m, m.readParts(multipart.NewReader(parsed.Body, parameters["boundary"]))
}

func (m *Message) readParts(parts *multipart.Reader) error {
	for _, want := range []struct {
		kind string
		text *string
	}{{"text/plain", &m.Text}, {"text/html", &m.HTML}} {
		part, err := parts.NextRawPart()
		if err != nil {
			return err
		}
		kind, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			return err
		}
		if kind != want.kind || parameters["charset"] != "UTF-8" {
			return fmt.Errorf("part is %s in %q", kind, parameters["charset"])
		}
		if *want.text, err = content(part, part.Header.Get("Content-Transfer-Encoding")); err != nil {
			return err
		}
	}
	if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
		return errors.New("more parts than two")
	}
	return nil
}

// content decodes a body. Its lines end in "\n".
func content(r io.Reader, encoding string) (string, error) {
	switch encoding {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "", "7bit", "8bit":
	default:
		return "", fmt.Errorf("content is encoded as %s", encoding)
	}
	text, err := io.ReadAll(r)
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), err
}
