package consent

import (
	"errors"
	"net/http"

	"github.com/postern-id/postern/storage"
)

// The values of the submit buttons "decision".
const (
	allow = "allow"
	deny  = "deny"
)

// public translates what the form cannot mend.
func public(err error) (status int, title, message string) {
	switch {
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, "Not available right now", "We cannot reach our database. Nothing is lost. Please try again in a moment."
	}
	return 0, "", ""
}
