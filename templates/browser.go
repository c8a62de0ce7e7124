package templates

import "strings"

// DescribeBrowser returns a description of a browser from its User-Agent, as pages show it and rows store it, such as "Firefox on Linux".
// Clients can send any header, so it takes only known names from it, and they are never used for a decision.
func DescribeBrowser(userAgent string) string {
	return firstOf(userAgent, unknownBrowser, browserNames) + onSystem + firstOf(userAgent, unknownSystem, systemNames)
}

const (
	unknownBrowser = "A browser"
	unknownSystem  = "an unknown system"
	onSystem       = " on "
)

// BrowserText returns the message for a result of [DescribeBrowser]; for an empty one, the zero Text.
func BrowserText(description string) Text {
	browser, system, ok := strings.Cut(description, onSystem)
	switch {
	case !ok:
		return Text{}
	case browser == unknownBrowser && system == unknownSystem:
		return T("browser.unknown")
	case browser == unknownBrowser:
		return T("browser.unknown_on", "System", system)
	case system == unknownSystem:
		return T("browser.on_unknown", "Browser", browser)
	}
	return T("browser.on", "Browser", browser, "System", system)
}

type agentMark struct{ part, name string }

// The order matters, because many browsers also send the names of others.
var browserNames = []agentMark{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

var systemNames = []agentMark{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
}

func firstOf(text, otherwise string, marks []agentMark) string {
	for _, m := range marks {
		if strings.Contains(text, m.part) {
			return m.name
		}
	}
	return otherwise
}
