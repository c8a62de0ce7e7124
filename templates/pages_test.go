package templates

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What password managers, screen readers and scripts rely on.
func TestFieldsAreNamedAsPromised(t *testing.T) {
	p := newPages(t, Config{})
	type field struct{ name, autocomplete, kind, inputmode string }
	for sample, want := range map[string][]field{
		"signin-plain": {{"username", "username", "text", ""}, {"password", "current-password", "password", ""}},
		"code":         {{"code", "one-time-code", "text", "numeric"}},
		"recovery":     {{"recovery_code", "off", "text", ""}},
		"invite":       {{"username", "username", "text", ""}, {"new_password", "new-password", "password", ""}},
		"enroll":       {{"code", "one-time-code", "text", "numeric"}},
		"codes":        {{"saved", "", "checkbox", ""}},
		"consent":      nil,
	} {
		t.Run(sample, func(t *testing.T) {
			doc := parsePage(t, render(t, p, http.StatusOK, samples()[sample]).Body.Bytes())
			var got []field
			for _, input := range elements(doc, "input") {
				var f field
				f.name, _ = attr(input, "name")
				f.autocomplete, _ = attr(input, "autocomplete")
				f.kind, _ = attr(input, "type")
				f.inputmode, _ = attr(input, "inputmode")
				got = append(got, f)
			}
			require.Equal(t, want, got)
		})
	}

	doc := parsePage(t, render(t, p, http.StatusOK, samples()["consent"]).Body.Bytes())
	var decisions []string
	for _, button := range elements(doc, "button") {
		name, _ := attr(button, "name")
		value, _ := attr(button, "value")
		class, _ := attr(button, "class")
		decisions = append(decisions, name+"="+value+" "+class)
	}
	require.ElementsMatch(t, []string{"decision=allow button plain", "decision=deny button plain"}, decisions, "equal weight")
}

func TestFailedSignInKeepsTheNameAndClearsThePassword(t *testing.T) {
	doc := parsePage(t, render(t, newPages(t, Config{}), http.StatusUnprocessableEntity, samples()["signin-error"]).Body.Bytes())
	for _, input := range elements(doc, "input") {
		id, _ := attr(input, "id")
		value, has := attr(input, "value")
		switch id {
		case "username":
			require.Equal(t, "ada@example.test", value)
		case "password":
			require.False(t, has)
		}
	}
}

func TestEnrolmentShowsTheSecretInThreeForms(t *testing.T) {
	view := sampleEnroll(samplePage())
	doc := parsePage(t, render(t, newPages(t, Config{}), http.StatusOK, view).Body.Bytes())
	var links []string
	for _, a := range elements(doc, "a") {
		href, _ := attr(a, "href")
		links = append(links, href)
	}
	require.Contains(t, links, string(view.URI))
	require.Len(t, elements(doc, "svg"), 1)
	for _, code := range elements(doc, "code") {
		require.Equal(t, "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", text(code))
	}
	require.Contains(t, text(doc), "Time-based, 6 digits, every 30 s, SHA1")
	for _, input := range elements(doc, "input") {
		value, _ := attr(input, "value")
		require.Empty(t, value, "the secret must not come back with the form")
	}
}

func TestCodeErrorShowsTheServersTimeOnlyWhenItHelps(t *testing.T) {
	p := newPages(t, Config{})
	wrong := Code{Page: withError(T("login.wrong_code")), ServerTime: sampleClock}
	require.Contains(t, render(t, p, http.StatusOK, wrong).Body.String(), `<time data-clock datetime="2026-11-21T14:03:22Z">14:03:22 UTC</time>`)
	throttled := Code{Page: withError(WaitMessage(90))}
	require.NotContains(t, render(t, p, http.StatusOK, throttled).Body.String(), "<time")
}

func TestRecoveryCodesDownloadIsMadeFromThePage(t *testing.T) {
	view := samples()["codes"].(RecoveryCodes)
	doc := parsePage(t, render(t, newPages(t, Config{Brand: Brand{Name: "Harbour ID"}}), http.StatusOK, view).Body.Bytes())
	var downloads []string
	for _, a := range elements(doc, "a") {
		if name, ok := attr(a, "download"); ok {
			href, _ := attr(a, "href")
			downloads = append(downloads, name+" "+href)
		}
	}
	require.Len(t, downloads, 1)
	data, ok := strings.CutPrefix(downloads[0], "recovery-codes.txt data:text/plain;charset=utf-8,")
	require.True(t, ok)
	file, err := url.PathUnescape(data)
	require.NoError(t, err)
	require.Equal(t, "Recovery codes for ada@example.test at Harbour ID. Each works once.\r\nMade on 2026-11-21. Newer codes replace these.\r\n\r\n"+
		strings.Join(view.Codes, "\r\n")+"\r\n", file)
}
