package templates

import "time"

func sampleAuthenticators() []Authenticator {
	return []Authenticator{
		{ID: "A", AddedAt: sampleClock.Add(-2400 * time.Hour), LastUsedAt: sampleClock},
		{ID: "B", Name: "A tablet with a name that is rather long", AddedAt: sampleClock},
	}
}

// factorSamples is every page on which people change their factors.
func factorSamples() map[string]View {
	page := func(section string) AccountPage { return AccountPage{Person: samplePerson, Section: section} }
	wrong := func(section string, text Text) AccountPage {
		p := page(section)
		p.Error = text
		return p
	}
	done := page("authenticators")
	done.Done = T("authenticators.done_removed")
	added := NewAuthenticator{AccountPage: page("authenticators"), Setup: sampleSetup()}
	added.ID, added.AskName = "E", true
	wrongCode, wrongName := added, added
	wrongCode.Error, wrongCode.ServerTime, wrongCode.Name = T("login.wrong_code"), sampleClock, "Work phone"
	wrongName.Error, wrongName.NameWrong = T("authenticators.long_name"), true
	wrongName.Replaces = sampleAuthenticators()[1:]
	return map[string]View{
		"authenticators":      Authenticators{AccountPage: page("authenticators"), Authenticators: sampleAuthenticators()},
		"authenticators-only": Authenticators{AccountPage: done, Authenticators: sampleAuthenticators()[:1]},
		"authenticators-full": Authenticators{AccountPage: wrong("authenticators", T("authenticators.gone")), Authenticators: sampleAuthenticators(), Full: true},
		"authenticator-new":   added, "authenticator-new-error": wrongCode, "authenticator-replace-error": wrongName,
		"authenticator-rename":       RenameAuthenticator{AccountPage: page("authenticators"), Name: "Work phone"},
		"authenticator-rename-error": RenameAuthenticator{AccountPage: wrong("authenticators", T("authenticators.long_name")), Name: "Work phone"},
		"authenticator-remove":       RemoveAuthenticator{AccountPage: page("authenticators"), Authenticator: sampleAuthenticators()[0]},
		"codes-left":                 CodesLeft{AccountPage: page("codes"), Left: 7},
		"codes-few":                  CodesLeft{AccountPage: wrong("codes", T("recoverycodes.gone")), Left: 2},
		"codes-new":                  NewCodes{AccountPage: page("codes"), Sheet: sampleSheet(), ID: "S"},
		"codes-new-error":            NewCodes{AccountPage: wrong("codes", T("codes.tick")), Sheet: sampleSheet(), ID: "S"},
	}
}
