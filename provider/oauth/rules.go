package oauth

import (
	"maps"
	"net/http"
	"slices"
)

// Rule says which rule a refused request broke. The list is closed: the log, the audit log and the search for the cause of a refusal use
// these names. A rule is a name and an answer, both in one file: here, or in one of requestrules.go, clientrules.go and tokenrules.go.
type Rule string

// What clients are told where the cause is nobody's business.
const (
	textInvalidClient = "The client could not be authenticated."
	textInvalidGrant  = "The code or token is invalid, expired, used up or was issued to another client."
	textInvalidToken  = "The access token is invalid, expired or revoked."
)

// answer is what a client is told when it breaks a rule: the status of a direct answer, 400 unless given, and an error code that a
// specification lists. sentence says in the log what is wrong, where the description does not.
type answer struct {
	Status            int
	Code, Description string
	sentence          string
	// expected says that apps break the rule in normal use: a silent renewal while nobody is signed in, a device that polls.
	expected bool
}

// The rules that are broken by too many requests, and the faults of this server.
const (
	TooMany Rule = "too_many"
	Outage  Rule = "outage"
	Fault   Rule = "fault"
)

var serverAnswers = map[Rule]answer{
	TooMany: {Status: http.StatusTooManyRequests, sentence: "Too many requests of this kind."},
	Outage:  {Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, Description: "The service is unavailable for a moment. Please try again."},
	Fault:   {Status: http.StatusInternalServerError, Code: ServerError, Description: "The request could not be completed because of a fault of this server."},
}

// answers has the answer for each rule.
var answers = func() map[Rule]answer {
	all := map[Rule]answer{}
	for _, some := range []map[Rule]answer{requestAnswers, clientAnswers, tokenAnswers, serverAnswers} {
		maps.Copy(all, some)
	}
	return all
}()

// Rules returns the closed list, sorted.
func Rules() []Rule { return slices.Sorted(maps.Keys(answers)) }
