package login

import (
	"strings"

	"github.com/postern-id/postern/templates"
)

// describeBrowser names a browser by its User-Agent as the list of sessions shows it, such as "Firefox on Linux". The header
// is anybody's word: it is shown, never decided upon.
func describeBrowser(userAgent string) string {
	return firstOf(userAgent, unknownBrowser, browserNames) + onSystem + firstOf(userAgent, unknownSystem, systemNames)
}

const (
	unknownBrowser = "A browser"
	unknownSystem  = "an unknown system"
	onSystem       = " on "
)

// browserText says what describeBrowser returned in the reader's language. Of no browser it says nothing.
func browserText(description string) templates.Text {
	browser, system, ok := strings.Cut(description, onSystem)
	switch {
	case !ok:
		return templates.Text{}
	case browser == unknownBrowser && system == unknownSystem:
		return templates.T("browser.unknown")
	case browser == unknownBrowser:
		return templates.T("browser.unknown_on", "System", system)
	case system == unknownSystem:
		return templates.T("browser.on_unknown", "Browser", browser)
	}
	return templates.T("browser.on", "Browser", browser, "System", system)
}

type mark struct{ part, name string }

// In this order, because browsers also carry the names of others.
var browserNames = []mark{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

var systemNames = []mark{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
}

func firstOf(text, otherwise string, marks []mark) string {
	for _, m := range marks {
		if strings.Contains(text, m.part) {
			return m.name
		}
	}
	return otherwise
}
