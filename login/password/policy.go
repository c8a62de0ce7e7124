package password

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/ccojocar/zxcvbn-go"
	"github.com/ccojocar/zxcvbn-go/matching"
)

const (
	minCharacters = 8
	maxCharacters = 256
	maxBytes      = 1024 // a longer password is refused before any work

	estimated      = 100 // characters that the strength estimate looks at; it takes more than linear time
	unscrambled    = 32  // maximum length, in characters, up to which the estimate undoes "l33t"; that takes hundreds of times longer
	minAboutLetter = 4   // shorter words about a person occur in too many other words
	maxEnding      = 5   // digits and signs at the end that do not hide a common password
)

// Reason says why a new password is refused.
type Reason string

// The reasons.
const (
	NotText   Reason = "not_text"  // NUL or invalid UTF-8
	Short     Reason = "short"     // fewer characters than WeakError.Limit
	Long      Reason = "long"      // more characters than WeakError.Limit
	Common    Reason = "common"    // on the list of common passwords, or nearly
	Personal  Reason = "personal"  // contains a name of the person or the service
	Guessable Reason = "guessable" // of strength 0
)

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{NotText, Short, Long, Common, Personal, Guessable} }

// WeakError refuses a new password.
type WeakError struct {
	Reason Reason
	Limit  int // characters, where the reason is the length
}

// Error returns the reason as an English sentence.
func (e *WeakError) Error() string {
	switch e.Reason {
	case NotText:
		return "The password contains something that is not a character."
	case Short:
		return fmt.Sprintf("The password is shorter than %d characters.", e.Limit)
	case Long:
		return fmt.Sprintf("The password is longer than %d characters.", e.Limit)
	case Common:
		return "The password is one of the most common ones, or only slightly different from one."
	case Personal:
		return "The password contains the name or e-mail address of its user, or the name of this service."
	}
	return "The password is too easy to guess: it is made of common words, names, dates, repetitions or keys side by side."
}

func weak(reason Reason) error { return &WeakError{Reason: reason} }

func tooLong() error { return &WeakError{Reason: Long, Limit: maxCharacters} }

// Check returns nil if password may be set, else a *WeakError. about is what
// the person and the service are called: name, user name, e-mail address, name
// of the service; empty ones are ignored.
//
// A password has 8 to 256 characters (code points after normalization), of any kind, in any mixture (NIST SP 800-63B-4 section 3.1.1.2).
// Check refuses NUL and invalid UTF-8, passwords on the list of common ones (in any case, with up to five digits and signs added),
// passwords that contain a word of four or more characters from about, and passwords whose Strength is 0.
func Check(password string, about ...string) error {
	if len(password) > maxBytes {
		return tooLong()
	}
	if !utf8.ValidString(password) || strings.ContainsRune(password, 0) {
		return weak(NotText)
	}
	password = normalize(password)
	switch n := utf8.RuneCountInString(password); {
	case n < minCharacters:
		return &WeakError{Reason: Short, Limit: minCharacters}
	case n > maxCharacters:
		return tooLong()
	}
	folded := strings.ToLower(password)
	if isCommon(folded) {
		return weak(Common)
	}
	for _, word := range words(about) {
		if strings.Contains(folded, word) {
			return weak(Personal)
		}
	}
	if Strength(password, about...) == 0 {
		return weak(Guessable)
	}
	return nil
}

// Strength estimates how hard password is to guess, from 0 (instantly) to 4
// (very hard), with zxcvbn's rules over its first 100 characters. about is as
// in Check. A password that Check refuses for its length or its bytes has
// strength 0, and so has one that repeats fewer than eight characters over and
// over, which zxcvbn does not see.
func Strength(password string, about ...string) int {
	if len(password) > maxBytes || !utf8.ValidString(password) {
		return 0
	}
	password = normalize(password)
	characters := []rune(password)
	if n := len(characters); n < minCharacters || n > maxCharacters || repeated(password) < minCharacters {
		return 0
	}
	return estimate(characters[:min(len(characters), estimated)], words(about))
}

// estimate bounds the work of zxcvbn: with a long password of signs that stand
// for letters, an attacker could otherwise make it take seconds.
func estimate(characters []rune, known []string) int {
	if len(characters) > unscrambled {
		return zxcvbn.PasswordStrength(string(characters), known, matching.FilterL33tMatcher).Score
	}
	return zxcvbn.PasswordStrength(string(characters), known).Score
}

// repeated returns the length of the shortest text that, repeated, gives text:
// the length of text itself if it repeats nothing. text is not empty.
func repeated(text string) int {
	period := 1 + strings.Index((text + text)[1:], text)
	return utf8.RuneCountInString(text[:period])
}

// words returns the parts of names and e-mail addresses that a password should
// not contain: for an address its local part, whole and in parts; for a name
// its words and the whole without blanks.
func words(about []string) []string {
	var found []string
	for _, text := range about {
		text = strings.ToLower(normalize(text))
		if local, _, ok := strings.Cut(text, "@"); ok {
			text = local
		}
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, word := range append(parts, text, strings.Join(parts, "")) {
			if utf8.RuneCountInString(word) >= minAboutLetter {
				found = append(found, word)
			}
		}
	}
	return found
}

//go:embed common.txt
var commonText string

var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	lines := strings.Fields(commonText)
	set := make(map[string]struct{}, len(lines))
	for _, line := range lines {
		set[line] = struct{}{}
	}
	return set
})

func isCommon(folded string) bool {
	characters := []rune(folded)
	for ending := 0; ending <= maxEnding; ending++ {
		stem := characters[:len(characters)-ending]
		if _, ok := commonPasswords()[string(stem)]; ok {
			return true
		}
		if unicode.IsLetter(stem[len(stem)-1]) {
			return false
		}
	}
	return false
}
