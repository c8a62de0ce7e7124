package consent

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
)

// The values of the submit buttons "decision".
const (
	allow = "allow"
	deny  = "deny"
)

// longestForm is more than the form can fill.
const longestForm = 4 << 10

// errForm: a request body that the form does not send.
var errForm = errors.New("not the consent form")

// readDecision returns the one field of the form.
func readDecision(c *gin.Context) (string, error) {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return "", errForm
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, longestForm))
	if err != nil {
		return "", errForm
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil || len(fields["decision"]) > 1 {
		return "", errForm
	}
	return fields.Get("decision"), nil
}

// public translates what the form cannot mend.
func public(err error) (status int, title, message string) {
	switch {
	case errors.Is(err, errForm):
		return http.StatusBadRequest, "That did not work", "The form did not arrive as this page sends it. Please go back and try again."
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, "Not available right now", "We cannot reach our database. Nothing is lost. Please try again in a moment."
	}
	return 0, "", ""
}
