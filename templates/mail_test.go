package templates

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

const (
	oneTimeLink = "https://id.example.test/invite?ticket=a+b&x=1"
	accountLink = "https://id.example.test/account"
)

func newMails(t *testing.T, cfg MailConfig) *Mails {
	t.Helper()
	cfg.AccountURL = accountLink
	m, err := NewMails(cfg)
	require.NoError(t, err)
	return m
}

// mailOf returns a mail of a kind with all fields that the kind can have.
func mailOf(kind string) Mail {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	return Mail{
		Kind: kind, Name: "Ada & <b>Co</b>", At: at, Link: oneTimeLink, Expires: at.Add(72 * time.Hour), Count: 5, Address: "new@example.test",
		Browser: "Firefox on Linux", Network: "192.0.2.0/24",
	}
}

func TestEveryMail(t *testing.T) {
	m := newMails(t, MailConfig{Brand: Brand{Name: "Harbour & Co"}})
	for name, kind := range mailKinds {
		for _, l := range Languages() {
			t.Run(name+" "+l.Tag, func(t *testing.T) {
				letter, err := m.Write(l.Tag, mailOf(name))
				require.NoError(t, err)
				require.Equal(t, l.Tag, letter.Language)
				require.Contains(t, letter.Subject, "Harbour & Co")
				doc := parsePage(t, []byte(letter.HTML))
				root := elements(doc, "html")[0]
				lang, _ := attr(root, "lang")
				dir, _ := attr(root, "dir")
				require.Equal(t, []string{l.Tag, l.Dir}, []string{lang, dir})
				requireLinks(t, kind, letter, doc)
				require.Empty(t, slices.Concat(elements(doc, "img"), elements(doc, "script"), elements(doc, "link"), elements(doc, "b")))
				require.Equal(t, l.Dir == "rtl", strings.Contains(letter.Text, isolate))
				require.Contains(t, letter.Text, "2026-03-01 11:00 UTC", "when it happened")
			})
		}
	}
}

// requireLinks requires that both bodies have the one link that a kind may have, as a button and as text, and no other.
func requireLinks(t *testing.T, kind mailKind, letter Letter, doc *html.Node) {
	t.Helper()
	var want string
	switch {
	case kind.link:
		want = oneTimeLink
		require.Contains(t, letter.Text, "2026-03-04 11:00 UTC", "the end of the link")
	case kind.account:
		want = accountLink
	}
	anchors := elements(doc, "a")
	if want == "" {
		require.Empty(t, anchors)
		require.NotContains(t, letter.Text, "://")
		return
	}
	require.Len(t, anchors, 1)
	href, _ := attr(anchors[0], "href")
	require.Equal(t, want, href)
	require.NotEmpty(t, strings.TrimSpace(text(anchors[0])))
	require.Contains(t, text(doc), want)
	require.Contains(t, letter.Text, "\n"+want+"\n", "alone on its line")
	require.Equal(t, 1, strings.Count(letter.Text, "://"))
}

// TestNoMailSaysAWordOfItsOwn is TestNoPageSaysAWordOfItsOwn for mails.
func TestNoMailSaysAWordOfItsOwn(t *testing.T) {
	m := newMails(t, MailConfig{})
	pages := &Pages{words: m.words}
	markWords(t, pages)
	for name := range mailKinds {
		letter, err := m.Write("en", mailOf(name))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(letter.Subject, mark1), letter.Subject)
		for n := range parsePage(t, []byte(letter.HTML)).Descendants() {
			if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title" && !value(n.Parent) {
				require.Empty(t, ownWords(n), "a word that is no message, in <%s>", n.Parent.Data)
			}
		}
		for paragraph := range strings.SplitSeq(strings.TrimSpace(letter.Text), "\n\n") {
			_, err := url.ParseRequestURI(paragraph)
			require.True(t, err == nil || strings.HasPrefix(paragraph, mark1), paragraph)
		}
	}
}

func TestEveryMailMessageHasItsKind(t *testing.T) {
	english := messages(t, "en")
	var want []string
	for name, kind := range mailKinds {
		want = append(want, "mail."+name+"_subject", "mail."+name+"_text", "mail."+name+"_else")
		if kind.link {
			want = append(want, "mail."+name+"_button")
		}
		require.Equal(t, kind.plural, len(english["mail."+name+"_text"]) > 1, name)
	}
	want = append(want, "mail.hello", "mail.hello_name", "mail.copy_link", "mail.until", "mail.account", "mail.account_button")
	var have []string
	for key := range english {
		if strings.HasPrefix(key, "mail.") {
			have = append(have, key)
		}
	}
	require.ElementsMatch(t, want, have)
}

// A person who asks for a mail to somebody else must not be able to put text into it.
func TestMailToAStrangerNamesNobody(t *testing.T) {
	m := newMails(t, MailConfig{})
	for name, kind := range mailKinds {
		mail := mailOf(name)
		mail.Name = "Win\r\n\r\na prize \u2069at evil.example"
		letter, err := m.Write("ar", mail)
		require.NoError(t, err)
		require.Equal(t, !kind.stranger, strings.Contains(letter.Text+letter.HTML, "evil.example"), name)
		if !kind.stranger {
			require.Contains(t, letter.Text, isolate+"Win a prize at evil.example"+popIsolate)
		}
	}
}

func TestHostileBrandInMail(t *testing.T) {
	letter, err := newMails(t, MailConfig{Brand: Brand{Name: "A\r\nBcc: eve@example.test <script>"}}).Write("en", mailOf("invitation"))
	require.NoError(t, err)
	require.Equal(t, "Your invitation to A Bcc: eve@example.test <script>", letter.Subject)
	require.NotContains(t, letter.HTML, "<script>")
}

func TestMailOfNoKind(t *testing.T) {
	_, err := newMails(t, MailConfig{}).Write("en", Mail{Kind: "newsletter"})
	require.ErrorContains(t, err, `no mail is called "newsletter"`)
}

func TestMailTemplateIsReplaced(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "mail"), 0o700))
	file := filepath.Join(dir, "mail", "mail.html")
	require.NoError(t, os.WriteFile(file, []byte(`<p>Own: {{say .Subject}}`), 0o600))
	letter, err := newMails(t, MailConfig{Dir: dir}).Write("en", mailOf("invitation"))
	require.NoError(t, err)
	require.Equal(t, "<p>Own: Your invitation to <bdi>Postern</bdi>", letter.HTML)
	_, err = New(Config{Dir: dir})
	require.NoError(t, err, "pages do not mind it")

	require.NoError(t, os.WriteFile(file, []byte(`{{.Nothing}}`), 0o600))
	_, err = NewMails(MailConfig{Dir: dir})
	require.ErrorContains(t, err, "mail/mail.html")
	_, err = NewMails(MailConfig{Brand: Brand{Color: "red"}})
	require.ErrorIs(t, err, errColor)
}

// Mail programs show mails in both colour schemes, and read them aloud.
func TestMailsAreAccessible(t *testing.T) {
	m := newMails(t, MailConfig{Brand: Brand{Color: "#ffdd00"}})
	shown := map[string]string{}
	for _, l := range []string{"en", "ar"} {
		for _, kind := range []string{"invitation", "exposed", "account_closed"} {
			letter, err := m.Write(l, mailOf(kind))
			require.NoError(t, err)
			shown[kind+"-"+l] = letter.HTML
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, shown[strings.TrimPrefix(r.URL.Path, "/")]) // Chromium may have gone
	}))
	t.Cleanup(server.Close)
	b := browsertest.Start(t, browsertest.Options{JavaScript: true})
	for name := range shown {
		for _, dark := range []bool{false, true} {
			b.Appear(dark, narrowest)
			b.Open(server.URL + "/" + name)
			violations, _ := b.Violations()
			require.Empty(t, violations, "%s, dark: %t", name, dark)
			require.Empty(t, b.Sideways(), name)
		}
	}
	for name, found := range browsertest.Validate(t, shown) {
		require.Empty(t, found.Errors, name)
	}
}
