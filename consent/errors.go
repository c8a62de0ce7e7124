package consent

import (
	"errors"
	"net/http"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// The values of the submit buttons "decision".
const (
	allow = "allow"
	deny  = "deny"
)

// errNoAccess: a person withdraws from an app what it does not have.
var errNoAccess = errors.New("the app has no access")

// public translates what the form cannot mend.
func public(err error) (status int, title, message templates.Text) {
	switch {
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	case errors.Is(err, errNoAccess):
		return http.StatusNotFound, templates.T("error.not_found_title"), templates.T("error.not_found")
	}
	return 0, title, message
}
