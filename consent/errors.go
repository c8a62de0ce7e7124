package consent

import (
	"errors"
	"net/http"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// The values of the two submit buttons named "decision".
const (
	allow = "allow"
	deny  = "deny"
)

// public returns what to show for an error that no form can correct.
func public(err error) (status int, title, message templates.Text) {
	if errors.Is(err, storage.ErrUnavailable) {
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	}
	return 0, title, message
}
