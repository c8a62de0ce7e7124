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

// Refusal says why a request is refused. The client gets Status, Code and Description; the rest is for the log.
type Refusal struct {
	Rule Rule

	Status            int // of a direct answer; a redirect has its own
	Code, Description string

	// Received and Registered are the two values that differ, if the rule compares values.
	Received, Registered string
	Cause                error
}

// Refuse returns the refusal of a request that breaks the rule.
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

// Sentence says in the log what is wrong.
func (r *Refusal) Sentence() string { return cmp.Or(answers[r.Rule].sentence, r.Description) }

// Expected reports whether apps break the rule in normal use, so that the refusal needs no warning.
func (r *Refusal) Expected() bool { return answers[r.Rule].expected }

// Because returns a copy of the refusal with a cause.
func (r *Refusal) Because(cause error) *Refusal {
	with := *r
	with.Cause = cause
	return &with
}

// Saying returns a copy of the refusal with another description.
func (r *Refusal) Saying(description string) *Refusal {
	with := *r
	with.Description = description
	return &with
}

// RefuseScopes returns the refusal of a request that asks only for scopes that the client does not get. The description names them, in characters
// that it may contain (RFC 6749 section 5.2).
func RefuseScopes(asked string, registered []string) *Refusal {
	refusal := Refuse(ScopeUnregistered).Compare(asked, registered...)
	names := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, Clip(refusal.Received, 200))
	return refusal.Saying(refusal.Description + " Asked for: " + names)
}

// Compare returns a copy of the refusal with the received value and the registered ones. It removes from them whatever could be a secret, code or
// token.
func (r *Refusal) Compare(received string, registered ...string) *Refusal {
	with := *r
	with.Received, with.Registered = Safe(received), Safe(strings.Join(registered, " "))
	return &with
}

// CompareURI is [Refusal.Compare] for a URI. It keeps the names in the query of received, but no values, because a misconfigured app may send the URL
// of its current page, with the last code in it.
func (r *Refusal) CompareURI(received string, registered ...string) *Refusal {
	return r.Compare(withoutValues(received), registered...)
}

// RefusalOf returns the refusal that answers an error: the [Refusal] in it, otherwise that of the rule [Outage] if the database is unavailable,
// otherwise that of [Fault].
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

// longestValue is the length at which a received or registered value is cut, in characters.
const longestValue = 500

// secrets matches Postern's tokens, JWTs, and texts too long and too random to be a name.
var secrets = regexp.MustCompile(`(pst_[a-z]+_|eyJ)[A-Za-z0-9._~+/=-]*|[A-Za-z0-9_~+=-]{32,}`)

// Safe returns text for a log: shortened, in one line, and without anything that could be a secret.
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

// withoutValues removes user information, the values in the query, and the fragment from a URI.
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

// Clip cuts a text for display after at most limit bytes, between two characters.
func Clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
