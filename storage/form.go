package storage

import "encoding/base64"

// FormKey ties a form to whom it was shown to and to what it showed. A form carries it, and an answer counts when the key that is made anew is
// the same: not for somebody who signed in since in the same browser, and not when the question has changed.
func (s *Store) FormKey(holder string, shown ...string) string {
	return base64.RawURLEncoding.EncodeToString(s.MAC("form", append([]string{holder}, shown...)...))
}

// AccountFormKey is the key of the forms on a user's account pages.
func (s *Store) AccountFormKey(u User) string { return s.FormKey(u.ID, "account") }
