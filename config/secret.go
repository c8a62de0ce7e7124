package config

import (
	"fmt"
	"io"
	"log/slog"
)

// masked is printed in place of every secret.
const masked = "•••"

// Secret is a text that must not be printed. It appears as "•••" when it is formatted with any verb that go vet
// accepts, marshalled as a value, or logged. Only [Secret.Reveal] returns the text.
type Secret string

// Reveal returns the text itself. Call it only where the text is used.
func (s Secret) Reveal() string { return string(s) }

// String returns "•••", even for an empty secret.
func (Secret) String() string { return masked }

// Format writes "•••" for every verb. With only a String method, %d would print the text.
func (Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, masked) }

// MarshalText returns "•••"; JSON and YAML encoders use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue returns "•••".
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }
