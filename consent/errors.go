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

// public translates the errors that no form can mend.
func public(err error) (status int, title, message templates.Text) {
	if errors.Is(err, storage.ErrUnavailable) {
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	}
	return 0, title, message
}
