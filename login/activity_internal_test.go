package login

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

func TestEveryEventIsPutIntoWords(t *testing.T) {
	pages, err := templates.New(templates.Config{})
	require.NoError(t, err)
	said := map[string]audit.Name{}
	for _, name := range audit.Names() {
		words := pages.English(eventText(name))
		require.NotEqual(t, eventText(name).Key, words, "%s has no words in translations/en/event.json", name)
		require.Empty(t, said[words], "%s is said like %s", name, said[words])
		said[words] = name
	}
}

func TestBrowsersAreReadBack(t *testing.T) {
	pages, err := templates.New(templates.Config{})
	require.NoError(t, err)
	for agent, words := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
		"curl/8.0": "curl", "SomethingElse (Windows NT 10.0)": "A browser on Windows", "": "An unknown browser",
	} {
		require.Equal(t, words, pages.English(templates.BrowserText(templates.DescribeBrowser(agent))), agent)
	}
	require.Empty(t, templates.BrowserText("").Key)
}
