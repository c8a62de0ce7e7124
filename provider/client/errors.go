package client

import (
	"errors"
	"fmt"
)

// Codes of a MetadataError (RFC 7591 section 3.2.2).
const (
	InvalidRedirectURI = "invalid_redirect_uri"
	InvalidMetadata    = "invalid_client_metadata"
)

// ErrNoSecret says that the client has no secret that could be replaced.
var ErrNoSecret = errors.New("this client has no secret")

// ErrFull says that so many clients have registered themselves that others need an initial access token from the operator.
var ErrFull = errors.New("too many clients have registered themselves")

// MetadataError says what is wrong with one member of a client's metadata.
type MetadataError struct {
	Field   string // JSON name of the member; "client_id" or "client_secret" for one that an operator chose
	Code    string // InvalidRedirectURI or InvalidMetadata
	Message string // says to the person who registers the client what is wrong; it may quote the value, but never a secret
}

// Error implements error.
func (e *MetadataError) Error() string { return e.Field + ": " + e.Message }

// faults collects every MetadataError of one registration.
type faults []error

func (f *faults) add(field, message string, args ...any) {
	code := InvalidMetadata
	if field == "redirect_uris" {
		code = InvalidRedirectURI
	}
	*f = append(*f, &MetadataError{Field: field, Code: code, Message: fmt.Sprintf(message, args...)})
}

// err returns all faults joined; nil if there are no faults.
func (f faults) err() error { return errors.Join(f...) }
