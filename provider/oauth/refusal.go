package oauth

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/postern-id/postern/storage"
)

// Refusal is why a request is refused. Its Status, Code and Description are what a client is told; everything else is for the log.
type Refusal struct {
	Rule Rule

	Status            int // of a direct answer; a redirect has its own
	Code, Description string

	// Received and Registered are the two values that do not fit, where there are such.
	Received, Registered string
	Cause                error
}

// Refuse returns the refusal for a broken rule.
func Refuse(rule Rule) *Refusal {
	told := answers[rule]
	return &Refusal{Rule: rule, Status: cmp.Or(told.Status, http.StatusBadRequest), Code: told.Code, Description: told.Description}
}

// Error implements error.
func (r *Refusal) Error() string {
	text := r.Code + ": " + r.Description
	if r.Cause != nil {
		text += ": " + r.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Sentence says for people what is wrong.
func (r *Refusal) Sentence() string { return cmp.Or(answers[r.Rule].sentence, r.Description) }

// Expected reports whether apps break the rule in normal use, so that the refusal needs no warning.
func (r *Refusal) Expected() bool { return answers[r.Rule].expected }

// Because returns the refusal with a cause.
func (r *Refusal) Because(cause error) *Refusal {
	with := *r
	with.Cause = cause
	return &with
}

// Saying returns the refusal with another description.
func (r *Refusal) Saying(description string) *Refusal {
	with := *r
	with.Description = description
	return &with
}

// Compare returns the refusal with what was received beside what is registered. What could be a secret, code or token is taken out of it.
func (r *Refusal) Compare(received string, registered ...string) *Refusal {
	with := *r
	with.Received, with.Registered = Safe(received), Safe(strings.Join(registered, " "))
	return &with
}

// CompareURI is [Refusal.Compare] for an address: of its query and fragment the names are kept, and no value, because apps that are set up wrongly
// send their present address, with the last code in it.
func (r *Refusal) CompareURI(received string, registered ...string) *Refusal {
	return r.Compare(withoutValues(received), registered...)
}

// RefusalOf returns what a client is told about an error: the [Refusal] in it, an outage of the database, or a fault of this server.
func RefusalOf(err error) *Refusal {
	var refusal *Refusal
	switch {
	// First, so that an outage on the way never looks like a fault of the client.
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return Refuse(Outage).Because(err)
	case errors.As(err, &refusal):
		return refusal
	}
	return Refuse(Fault).Because(err)
}

// longestValue is how much of a received or registered value is kept, in characters.
const longestValue = 500

// secrets matches the prefixes of Postern's tokens and of JWTs, and texts too long and too random to be a name.
var secrets = regexp.MustCompile(`(pst_[a-z]+_|eyJ)[A-Za-z0-9._~+/=-]*|[A-Za-z0-9_~+=-]{32,}`)

// Safe returns text as it may stand in a log: bounded, in one line, without what could be a secret.
func Safe(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, secrets.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "…"))
	if short := []rune(text); len(short) > longestValue {
		return string(short[:longestValue]) + "…"
	}
	return text
}

// withoutValues takes user information and the values of query and fragment out of an address.
func withoutValues(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "(no URI)"
	}
	text := uri
	if end := strings.IndexAny(text, "?#"); end >= 0 {
		text = text[:end]
	}
	if u.User != nil {
		scheme, rest, _ := strings.Cut(text, "//")
		text = scheme + "//" + rest[strings.LastIndex(rest, "@")+1:]
	}
	if u.RawQuery != "" {
		names := slices.Sorted(maps.Keys(u.Query()))
		text += "?" + strings.Join(names, "=…&") + "=…"
	}
	if u.Fragment != "" {
		text += "#…"
	}
	return text
}

// Clip cuts text that is only shown to a number of bytes, at a character.
func Clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
