package templates

import (
	"slices"
	"strconv"
)

// StrengthText says how hard a password is to guess, from 0 to 4. Of any other
// number it says nothing.
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
