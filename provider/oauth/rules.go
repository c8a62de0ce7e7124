package oauth

import (
	"maps"
	"net/http"
	"slices"
)

// Rule names the rule that a refused request broke. The list is closed: the log, the audit log and the search for the cause of a refusal use these
// names. Each rule has its name and its answer in the same file: this one, requestrules.go, clientrules.go or tokenrules.go.
type Rule string

// Descriptions for clients that must not learn what exactly is wrong.
const (
	textInvalidClient = "The client could not be authenticated."
	textInvalidGrant  = "The code or token is invalid, expired, used up or was issued to another client."
	textInvalidToken  = "The access token is invalid, expired or revoked."
)

// answer is the answer to a request that breaks a rule: the status of a direct answer (0: 400), an error code from a specification, and a
// description. sentence says in the log what is wrong; empty: the description says it.
type answer struct {
	Status            int
	Code, Description string
	sentence          string
	// expected says that apps break the rule in normal use, such as by a silent renewal while nobody is signed in, or by polling for a device.
	expected bool
}

// Rules about too many requests and about failures of this server.
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
