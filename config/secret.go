package config

import (
	"fmt"
	"io"
	"log/slog"
)

// masked is what every secret looks like when it is printed.
const masked = "•••"

// Secret is a text that must not be printed. Formatted with any verb that go vet lets pass, marshalled as a value or
// logged it is "•••"; only Reveal returns the text.
type Secret string

// Reveal returns the text itself, for the one place that uses it.
func (s Secret) Reveal() string { return string(s) }

// String returns "•••", for a set and for an empty secret.
func (Secret) String() string { return masked }

// Format writes "•••" for every verb; a String method alone would let %d print the text.
func (Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, masked) }

// MarshalText returns "•••"; JSON and YAML encoders use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue returns "•••".
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }
