package templates

var consentViews = []View{Consent{}}

// Consent asks whether an app may have what it wants. The submit buttons are
// "decision" with the values "allow" and "deny".
type Consent struct {
	Page
	Person Person
	Scopes []Scope
	// SwitchURL signs in as somebody else.
	SwitchURL string
	// Host is where the answer goes, such as "app.example.com". Empty for an
	// app on this device.
	Host string
	// Unproven warns that nothing proves which app is asking: a native app
	// without a secret.
	Unproven bool
}

func (Consent) template() string { return "consent/consent.html" }

// Scope is one thing an app asks for.
type Scope struct {
	// Name is that of the scope or claim in the request, such as "email".
	Name string
	// Words say what it means: "See your e-mail address".
	Words Text
	// Value is what the app would see now, such as "ada@example.test".
	Value string
}
