package login

import "strings"

// describeBrowser names a browser by its User-Agent as the list of sessions shows it, such as "Firefox on Linux". The header
// is anybody's word: it is shown, never decided upon.
func describeBrowser(userAgent string) string {
	return firstOf(userAgent, "A browser", browserNames) + " on " + firstOf(userAgent, "an unknown system", systemNames)
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
