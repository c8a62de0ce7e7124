package templates

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormPostSendsItselfToTheAppAlone(t *testing.T) {
	p := newPages(t, Config{})
	c, w := ask("/oauth2/auth?state=S", "", "")
	require.NoError(t, p.FormPost(c, FormPost{
		Page: Page{App: sampleApp}, Target: "https://notes.example.com/callback?a=1&b=2", Fields: url.Values{"code": {`"><script>`}, "state": {"S"}},
	}))
	require.Equal(t, http.StatusOK, w.Code)
	policy := w.Header().Get("Content-Security-Policy")
	nonce := regexp.MustCompile(`script-src 'nonce-([A-Z2-7]{26})'; `).FindStringSubmatch(policy)
	require.NotNil(t, nonce, policy)
	require.Contains(t, policy, "; form-action https://notes.example.com; ")
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))

	doc := parsePage(t, w.Body.Bytes())
	script, _ := attr(elements(doc, "script")[0], "nonce")
	require.Equal(t, nonce[1], script)
	form := elements(doc, "form")[0]
	action, _ := attr(form, "action")
	require.Equal(t, "https://notes.example.com/callback?a=1&b=2", action)
	_, sends := attr(form, "data-submit")
	require.True(t, sends, "by itself")
	fields := url.Values{}
	for _, input := range elements(form, "input") {
		name, _ := attr(input, "name")
		value, _ := attr(input, "value")
		fields.Add(name, value)
	}
	require.Equal(t, url.Values{"code": {`"><script>`}, "state": {"S"}}, fields)
	require.Len(t, elements(form, "button"), 1, "for browsers without scripts")

	again, second := ask("/", "", "")
	require.NoError(t, p.FormPost(again, FormPost{Target: "https://notes.example.com/"}))
	require.NotEqual(t, policy, second.Header().Get("Content-Security-Policy"))
}
