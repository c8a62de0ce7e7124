package templates

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var sampleContact = Contact{
	Email: "help@example.test", HelpURL: "https://example.test/help",
	ImprintURL: "https://example.test/imprint", PrivacyURL: "https://example.test/privacy", TermsURL: "https://example.test/terms",
}

// A page or mail that refers people to the operator says how to reach the operator.
func TestHelpIsWithinReach(t *testing.T) {
	p := newPages(t, Config{Contact: sampleContact})
	for name, view := range map[string]View{
		"recovery": Recovery{}, "locked out": Code{Page: Page{Error: T("login.factor_closed")}}, "no authenticator": EnrollNeeded{},
		"our fault": ErrorPage{Title: T("error.ours_title"), Message: T("error.ours"), SupportCode: "K7QP-4XWV"},
	} {
		main := elements(parsePage(t, render(t, p, http.StatusOK, view).Body.Bytes()), "main")[0]
		require.Contains(t, text(main), "help@example.test", name)
		require.Contains(t, text(main), "https://example.test/help", name)
	}
	foot := text(elements(parsePage(t, render(t, p, http.StatusOK, SignIn{}).Body.Bytes()), "footer")[0])
	for _, link := range []string{"Help", "Imprint", "Privacy policy", "Terms of service"} {
		require.Contains(t, foot, link)
	}
	foot = text(elements(parsePage(t, render(t, newPages(t, Config{}), http.StatusOK, SignIn{}).Body.Bytes()), "footer")[0])
	require.NotContains(t, foot, "Help")

	m, err := NewMails(MailConfig{AccountURL: "https://id.example.test/account", Contact: sampleContact})
	require.NoError(t, err)
	letter, err := m.Write("en", Mail{Kind: "account_closed", At: time.Now()})
	require.NoError(t, err)
	for _, written := range []string{letter.Text, letter.HTML} {
		require.Contains(t, written, "help@example.test")
		require.Contains(t, written, "https://example.test/help")
	}
}
