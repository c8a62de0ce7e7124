package templates

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// longestForm is the largest request body in bytes. Our forms are smaller.
const longestForm = 16 << 10

// FormError refuses a request body that no form of Postern sends. Handle answers it with its status and message.
type FormError struct {
	Status  int
	Message Text
	cause   error
}

// Error returns the key of the message.
func (e *FormError) Error() string { return "form refused: " + e.Message.Key }

// Unwrap returns why the form could not be read, or nil if it was read.
func (e *FormError) Unwrap() error { return e.cause }

func badForm(key string) error { return &FormError{Status: http.StatusBadRequest, Message: T(key)} }

// ReadForm is middleware in front of every form's handler. It fills Request.PostForm with fields that occur once each and are
// valid UTF-8 without NUL, and refuses everything else.
func ReadForm(c *gin.Context) error {
	media, parameters, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	charset, given := parameters["charset"]
	if err != nil || media != "application/x-www-form-urlencoded" || given && !strings.EqualFold(charset, "utf-8") {
		return &FormError{Status: http.StatusUnsupportedMediaType, Message: T("error.form_type")}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, longestForm))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &FormError{Status: http.StatusRequestEntityTooLarge, Message: T("error.form_large")}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &FormError{http.StatusRequestTimeout, T("error.form_cut"), err}
	}
	if err != nil {
		return badForm("error.form_cut")
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return badForm("error.form_malformed")
	}
	for name, values := range fields {
		if len(values) != 1 {
			return badForm("error.form_twice")
		}
		for _, text := range []string{name, values[0]} {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return badForm("error.form_character")
			}
		}
	}
	c.Request.PostForm = fields
	return nil
}
