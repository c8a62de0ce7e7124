package storage

import "encoding/base64"

// FormKey ties a form to the sign-in that it was shown to and to what it showed. A form carries it, and an answer counts when the key that is made
// anew is the same: not for somebody who signed in since in the same browser, and not when the question has changed.
func (s *Store) FormKey(signIn SignIn, shown ...string) string {
	return base64.RawURLEncoding.EncodeToString(s.MAC("form", append([]string{signIn.ID()}, shown...)...))
}
