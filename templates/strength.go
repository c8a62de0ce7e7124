package templates

import (
	"slices"
	"strconv"
)

// StrengthText returns the message that says how hard a password is to guess,
// from 0 to 4; for any other number, the zero Text.
func StrengthText(strength int) Text {
	if strength < 0 || strength > 4 {
		return Text{}
	}
	return T("strength." + strconv.Itoa(strength))
}

// TooWeak reports whether Error refuses a new password as too easy to guess.
func (p Page) TooWeak() bool {
	return slices.Contains([]string{"password.short", "password.common", "password.personal", "password.guessable"}, p.Error.Key)
}
