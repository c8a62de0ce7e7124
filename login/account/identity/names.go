package identity

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// Name returns a typed user name or e-mail address without blanks at its ends and without the invisible characters, such as the zero-width
// space, that keyboards and clipboards add.
func Name(typed string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, typed))
}

// Email is [Name] for an e-mail address that will be stored. An address written entirely in full-width letters, as Japanese keyboards
// produce them, becomes ASCII.
func Email(typed string) string {
	name := Name(typed)
	if !strings.Contains(name, "@") {
		return norm.NFKC.String(name)
	}
	return name
}

// CheckLookalike returns an [*InvalidError] if a user name, or the local part of an e-mail address, can be mistaken for another one: its
// letters belong to several scripts or all look like Latin ones, or it has characters that RFC 8265 section 3.3 does not allow in user
// names.
func CheckLookalike(field, name string) error {
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		name = name[:at]
	}
	if name == "" || isASCIIName(name) {
		return nil
	}
	if _, err := precis.UsernameCaseMapped.CompareKey(name); err != nil || mixesScripts(name) || looksLatin(name) {
		return &InvalidError{Field: field, Message: "mixes scripts, or looks like another name", Lookalike: true}
	}
	return nil
}

func isASCIIName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
}

// together lists the scripts that one language mixes: the level "highly restrictive" of Unicode TR39 section 5.2.
var together = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
}

// mixesScripts reports whether name mixes scripts that no language uses together.
func mixesScripts(name string) bool {
	var scripts []string
	for _, r := range name {
		if script := scriptOf(r); script != "" && !slices.Contains(scripts, script) {
			scripts = append(scripts, script)
		}
	}
	return len(scripts) > 1 && !slices.ContainsFunc(together, func(set []string) bool {
		return !slices.ContainsFunc(scripts, func(script string) bool { return !slices.Contains(set, script) })
	})
}

// scriptOf returns the script of a character, or "" for a character that all scripts share, such as a digit.
func scriptOf(r rune) string {
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

// latinTwins are the letters of other scripts that look like Latin ones (confusables.txt of Unicode TR39): Cyrillic, Greek, Armenian.
const latinTwins = "асеорхуіїјѕһԁԛԝӏѵүАВЕКМНОРСТХУІЇЈЅԌԚԜҮѴ" +
	"οναιρυϲΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" +
	"օսհոցզԼՕՍՏ"

// looksLatin reports whether every letter of a name that is not Latin looks like a Latin one.
func looksLatin(name string) bool {
	twins := false
	for _, r := range norm.NFKC.String(name) {
		switch {
		case strings.ContainsRune(latinTwins, r):
			twins = true
		case unicode.IsLetter(r):
			return false
		}
	}
	return twins
}
