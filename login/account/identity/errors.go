package identity

// InvalidError says what is wrong with one thing that somebody entered.
type InvalidError struct {
	Field   string // as in the commands and in a line of an import
	Message string // one sentence without the field's name
	// Lookalike says that the name could be taken for another name; an operator may allow it.
	Lookalike bool
}

// Error names the field and says what is wrong with it.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }

// Invalid returns an [*InvalidError].
func Invalid(field, message string) error { return &InvalidError{Field: field, Message: message} }
