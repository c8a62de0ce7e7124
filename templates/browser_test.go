package templates_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/templates"
)

func TestDescribeBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                   "Safari on macOS",
		"curl/8.0":                  "curl on an unknown system",
		"<script>alert(1)</script>": "A browser on an unknown system",
		"":                          "A browser on an unknown system",
	} {
		require.Equal(t, want, templates.DescribeBrowser(agent))
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
