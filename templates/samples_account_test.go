package templates

import "time"

func sampleAccount(section string) AccountPage {
	return AccountPage{Person: samplePerson, Section: section}
}

// accountSamples is every page about the account of a signed-in person.
func accountSamples() map[string]View {
	home := Home{
		AccountPage: sampleAccount(""), PasswordChangedAt: sampleClock.Add(-3000 * time.Hour), Authenticators: 2, RecoveryCodesLeft: 10,
		EmailVerified: true, Sessions: 3, Apps: 2,
	}
	warning := home
	warning.RecoveryCodesLeft, warning.Exposed, warning.EmailChanging, warning.Authenticators = 1, true, true, 1
	bare := Home{AccountPage: sampleAccount("")}
	profile := sampleProfile()
	saved, wrong := profile, sampleProfile()
	saved.Done = T("profile.done")
	wrong.Error = T("profile.wrong")
	wrong.Groups[0].Fields[1].Focus = true
	wrong.Groups[0].Fields[1].Value, wrong.Groups[0].Fields[1].Error = "1.1.1990", T("profile.fault_birthdate")
	sessions := Sessions{AccountPage: sampleAccount("sessions"), Sessions: sampleSessions()}
	ended := Sessions{AccountPage: sampleAccount("sessions"), Sessions: sampleSessions()[:1]}
	ended.Done = T("sessions.done_others")
	unticked := Close{AccountPage: sampleAccount("close")}
	unticked.Error = T("close.unticked")
	return map[string]View{
		"home": home, "home-warning": warning, "home-bare": bare,
		"profile": profile, "profile-done": saved, "profile-error": wrong,
		"sessions": sessions, "sessions-done": ended,
		"apps": Apps{AccountPage: sampleAccount("apps"), Apps: sampleApps()}, "apps-none": Apps{AccountPage: sampleAccount("apps")},
		"activity":      Activity{AccountPage: sampleAccount("activity"), Entries: sampleActivity(), OlderURL: "/account/activity?before=A"},
		"activity-none": Activity{AccountPage: sampleAccount("activity"), NewestURL: "/account/activity"},
		"data":          Data{sampleAccount("data")},
		"close":         Close{sampleAccount("close")}, "close-error": unticked, "closed": Closed{},
	}
}

func sampleProfile() Profile {
	return Profile{
		AccountPage: sampleAccount("profile"), Seen: "1700000000000000",
		Groups: []FieldGroup{
			{Title: T("profile.person"), Who: T("profile.person_who"), Fields: []Field{
				{Name: "name", Value: "Ada Example", Type: "text", Autocomplete: "name", Label: T("profile.name")},
				{Name: "birthdate", Type: "text", Autocomplete: "bday", Label: T("profile.birthdate"), Hint: T("profile.birthdate_hint")},
				{Name: "locale", Autocomplete: "language", Label: T("profile.locale"), Hint: T("profile.locale_hint"), Options: []Option{
					{Label: T("profile.locale_none")}, {Value: "de", Name: "Deutsch", Lang: "de", Selected: true}, {Value: "ar", Name: "العربية", Lang: "ar"},
				}},
			}},
			{Title: T("profile.address"), Who: T("profile.address_who"), Fields: []Field{
				{Name: "street_address", Value: "Hafen 1\nHinterhaus", Autocomplete: "street-address", Label: T("profile.street_address"), Lines: true},
			}},
		},
	}
}

func sampleSessions() []Session {
	return []Session{
		{ID: "A", Browser: T("browser.on", "Browser", "Firefox", "System", "Linux"), Address: "192.0.2.0/24", SignedInAt: sampleClock, LastSeenAt: sampleClock, Here: true},
		{ID: "B", Browser: T("browser.on", "Browser", "Safari", "System", "iPhone"), Address: "2001:db8:7::/48", SignedInAt: sampleClock.Add(-90 * time.Hour), LastSeenAt: sampleClock.Add(-time.Hour)},
		{ID: "C", Browser: T("browser.unknown"), SignedInAt: sampleClock, LastSeenAt: sampleClock},
	}
}

func sampleApps() []AppAccess {
	return []AppAccess{
		{App: App{Name: "Harbour Notes"}, ClientID: "notes", Scopes: sampleScopes(), Since: sampleClock.Add(-900 * time.Hour), UsedAt: sampleClock},
		{App: App{Name: "Staff directory"}, ClientID: "staff", Scopes: sampleScopes()[:1], Since: sampleClock, Unasked: true},
	}
}

func sampleActivity() []ActivityEntry {
	firefox := T("browser.on", "Browser", "Firefox", "System", "Linux")
	return []ActivityEntry{
		{At: sampleClock, What: T("event.authorization_issued"), App: "Harbour Notes", Address: "192.0.2.0/24"},
		{At: sampleClock, What: T("event.sign_in_completed"), Address: "192.0.2.0/24", Browser: firefox},
		{At: sampleClock.Add(-time.Minute), What: T("event.one_time_code_refused"), Address: "198.51.100.0/24", Browser: firefox, Alarm: true},
		{At: sampleClock.Add(-time.Hour), What: T("event.user_unlocked"), ByOperator: true},
	}
}
