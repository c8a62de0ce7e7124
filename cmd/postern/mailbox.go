package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"github.com/postern-id/postern/storage"
)

//go:embed mailbox.html
var mailboxHTML string

var mailboxPage = template.Must(template.New("mailbox").Funcs(template.FuncMap{"parts": parts}).Parse(mailboxHTML))

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// part is a piece of a mail's text; Link is true for a URL.
type part struct {
	Text string
	Link bool
}

// parts splits a text at its URLs, so that they become links.
func parts(text string) []part {
	var all []part
	for text != "" {
		at := link.FindStringIndex(text)
		if at == nil {
			return append(all, part{Text: text})
		}
		all = append(all, part{Text: text[:at[0]]}, part{Text: text[at[0]:at[1]], Link: true})
		text = text[at[1]:]
	}
	return all
}

func writeMailbox(w http.ResponseWriter, mails []storage.Mail) error {
	var page bytes.Buffer
	if err := mailboxPage.Execute(&page, mails); err != nil {
		return err
	}
	demoHeaders(w.Header(), mailboxHTML)
	_, err := w.Write(page.Bytes())
	return err
}

// demoHeaders sets the headers of a page of the demo, whose style is in its template.
func demoHeaders(h http.Header, page string) {
	style, _, _ := strings.Cut(page[strings.Index(page, "<style>")+len("<style>"):], "</style>")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src '"+sha256Source(style)+"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// sha256Source names an inline style in a Content-Security-Policy (CSP Level 3 section 2.3.1).
func sha256Source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
