package templates

var profileViews = []View{Profile{}}

// Profile is what a person says about themselves. Each field is named after its
// claim, those of the address after its member (OIDC Core section 5.1).
type Profile struct {
	AccountPage
	// Seen comes back with the form, and shows whether the profile was changed
	// meanwhile.
	Seen   string
	Groups []FieldGroup
}

func (Profile) template() string { return "account/profile.html" }

// FieldGroup is the fields that the same apps see.
type FieldGroup struct {
	Title  Text
	Who    Text // says which apps
	Fields []Field
}

// Field is one field of a form.
type Field struct {
	Name         string
	Value        string
	Type         string // of the input
	Autocomplete string
	Label, Hint  Text
	Error        Text
	Focus        bool     // it is the first field with a mistake
	Lines        bool     // it has several lines
	Options      []Option // to choose from; nil: a text field
}

// Option is one choice of a field.
type Option struct {
	Value    string
	Label    Text   // zero: Name
	Name     string // in the language Lang
	Lang     string
	Selected bool
}
