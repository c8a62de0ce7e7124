package templates

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
	// Name is the scope's value in the request, such as "email".
	Name string
	// Words say what it means: "See your e-mail address".
	Words Text
	// Value is what the app would see now, such as "ada@example.test".
	Value string
}

// DescribeScope puts a scope into words: the standard ones of OpenID Connect
// Core 5.4 and 11 and "groups"; any other by its name. value may be empty.
func DescribeScope(name, value string) Scope {
	switch name {
	case "openid", "profile", "email", "address", "phone", "groups", "offline_access":
		return Scope{Name: name, Words: T("scope." + name), Value: value}
	}
	return Scope{Name: name, Words: T("scope.other", "Scope", name), Value: value}
}
