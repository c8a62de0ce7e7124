package templates

// lateSamples are the pages for requests that are over.
func lateSamples() map[string]View {
	return map[string]View{
		"expired-signed-in": Expired{Page: samplePage(), SignedIn: true},
		"expired-device":    Expired{Page: samplePage(), SignedIn: true, AgainURL: "/device"},
	}
}
