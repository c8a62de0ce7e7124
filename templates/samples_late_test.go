package templates

// lateSamples are the pages for requests that are over or repeated, and for redirects elsewhere.
func lateSamples() map[string]View {
	return map[string]View{
		"expired-signed-in": Expired{Page: samplePage(), SignedIn: true},
		"expired-device":    Expired{Page: samplePage(), SignedIn: true, AgainURL: "/device"},
		"invite-again":      Invitation{Returning: true, Username: "ada@example.test", MinLength: 8},
		"reset-done":        Message{Page: samplePage(), Title: T("reset.done_title"), Text: T("reset.done"), Strength: StrengthText(3)},
		"error-host": ErrorPage{Status: 421, Title: T("error.address_title"), Message: T("error.address", "Address", "https://id.example.test"),
			LinkURL: "https://id.example.test/account", LinkText: T("error.address_button")},
	}
}
