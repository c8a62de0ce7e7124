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

// ErrNoSecret says that the client does not authenticate with a secret, so there is none to replace.
var ErrNoSecret = errors.New("this client has no secret")

// ErrFull says that so many clients have registered themselves that no more may without a token from the operator.
var ErrFull = errors.New("too many clients have registered themselves")

// MetadataError says what is wrong with one member of a client's metadata.
type MetadataError struct {
	Field   string // name of the member as in JSON; "client_id" and "client_secret" for what an operator chose
	Code    string // InvalidRedirectURI or InvalidMetadata
	Message string // a sentence for the person who registers the client; it may quote what was sent, but never a secret
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

// err returns all faults joined, nil when there is none.
func (f faults) err() error { return errors.Join(f...) }
