package config

import (
	"math"
	"strings"
)

// Problem is one mistake in the settings.
type Problem struct {
	// Setting is the key of the setting, such as session.idle. If the mistake does not concern a known setting, it is
	// the unknown key, the variable or the file.
	Setting string `json:"setting"`
	// Where is the place where the value was found: "FILE:LINE", the name of a variable, or "command line". It is empty
	// for a default and for a mistake that has no single place.
	Where string `json:"where,omitempty"`
	// Message says what is wrong. It never contains the value of a secret.
	Message string `json:"message"`
	// Hint says what to do.
	Hint string `json:"hint"`
}

// Problems has all mistakes that were found, in the order of the settings. [Load] and [Config.Validate] return it as
// their error, so that errors.AsType[Problems] gives access to the individual problems.
type Problems []Problem

// Error returns two lines for each problem: "SETTING (WHERE): MESSAGE" and "hint: HINT".
func (p Problems) Error() string {
	var b strings.Builder
	for i, problem := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(problem.Setting)
		if problem.Where != "" {
			b.WriteString(" (" + problem.Where + ")")
		}
		b.WriteString(": " + problem.Message + "\nhint: " + problem.Hint)
	}
	return b.String()
}

// add adds a problem.
func (p *Problems) add(setting, where, message, hint string) {
	*p = append(*p, Problem{Setting: setting, Where: where, Message: message, Hint: hint})
}

// err returns the problems as an error, or nil if there are none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// nearest returns the candidate with the smallest edit distance to name, or the first of several such candidates. It
// returns "" if there are no candidates.
func nearest(name string, candidates []string) string {
	return Near(name, candidates, math.MaxInt)
}

// Near returns the candidate with the smallest edit distance to name, or "" if every distance is greater than most. It is for hints about
// unknown names. Only the first 100 bytes of name count, which limits the work.
func Near(name string, candidates []string, most int) string {
	name = name[:min(len(name), 100)]
	best, least := "", -1
	for _, candidate := range candidates {
		if d := editDistance(name, candidate); d <= most && (least < 0 || d < least) {
			best, least = candidate, d
		}
	}
	return best
}

// editDistance returns the least number of single-byte insertions, deletions and replacements that turn a into b
// (Levenshtein distance).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
