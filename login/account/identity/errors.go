package identity

// InvalidError says what is wrong with the value of one field.
type InvalidError struct {
	Field   string // the field, as commands and lines of an import call it
	Message string // what is wrong, without the field's name
	// Lookalike is true if the name could be mistaken for another one; an operator may allow it.
	Lookalike bool
}

// Error names the field and says what is wrong with it.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }

// Invalid returns an [*InvalidError].
func Invalid(field, message string) error { return &InvalidError{Field: field, Message: message} }
