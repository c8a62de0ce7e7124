package storage

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// NewID returns a random identifier of 26 characters (130 bits). It identifies a row and is never a secret.
func NewID() string { return rand.Text() }

// IsID reports whether text has the form of an identifier that [NewID] returns.
func IsID(text string) bool {
	return len(text) == 26 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// Hash returns the SHA-256 of a random secret of at least 128 bits, which is how such secrets are stored. Guessable values (passwords,
// recovery codes) are never stored this way.
func Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Time is a moment stored as BIGINT microseconds since 1970; its zero value is stored as NULL.
type Time struct{ time.Time }

// At returns t as it is stored, truncated to microseconds.
func At(t time.Time) Time { return Time{t.Truncate(time.Microsecond)} }

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UnixMicro(), nil
}

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		t.Time = time.Time{}
	case int64:
		t.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("scan a time from %T", src)
	}
	return nil
}

// Strings is a list stored as JSON text; nil is stored as the empty list.
type Strings []string

// Value implements driver.Valuer.
func (s Strings) Value() (driver.Value, error) {
	if s == nil {
		return "[]", nil
	}
	text, err := json.Marshal([]string(s))
	return string(text), err
}

// Scan implements sql.Scanner; NULL becomes nil.
func (s *Strings) Scan(src any) error { return scanJSON(src, (*[]string)(s)) }

// Claims are the attributes of a user by claim name (OIDC Core section 5.1), stored as a JSON object.
type Claims map[string]any

// Value implements driver.Valuer.
func (c Claims) Value() (driver.Value, error) {
	if c == nil {
		return "{}", nil
	}
	text, err := json.Marshal(map[string]any(c))
	return string(text), err
}

// Scan implements sql.Scanner.
func (c *Claims) Scan(src any) error { return scanJSON(src, (*map[string]any)(c)) }

// JSON is a JSON value stored as text. Only the caller knows what it means.
type JSON json.RawMessage

// Value implements driver.Valuer.
func (j JSON) Value() (driver.Value, error) { return string(j), nil }

// Scan implements sql.Scanner.
func (j *JSON) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*j = JSON(v)
	case []byte:
		*j = append(JSON(nil), v...)
	default:
		return fmt.Errorf("scan JSON from %T", src)
	}
	return nil
}

// MarshalJSON implements json.Marshaler. It returns the value itself.
func (j JSON) MarshalJSON() ([]byte, error) { return json.RawMessage(j).MarshalJSON() }

// nullText stores the empty string as NULL, which a unique index ignores.
type nullText string

// Value implements driver.Valuer.
func (t nullText) Value() (driver.Value, error) {
	if t == "" {
		return nil, nil
	}
	return string(t), nil
}

// Scan implements sql.Scanner.
func (t *nullText) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = ""
	case string:
		*t = nullText(v)
	case []byte:
		*t = nullText(v)
	default:
		return fmt.Errorf("scan text from %T", src)
	}
	return nil
}

func scanJSON(src, dest any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), dest)
	case []byte:
		return json.Unmarshal(v, dest)
	default:
		return fmt.Errorf("scan JSON from %T", src)
	}
}
