package login_test

import (
	"maps"
	"regexp"
)

// answers says where requests lead: the path at which the browser ends, the status unless it is 200, and what has changed: SIGNED IN,
// ADDED, REPLACED (one), ALL REPLACED, REMOVED, NEW CODES, and in lower case changes that give no access.
type answers map[string]string

// both returns the answers of tables; a later one overrides an earlier.
func both(tables ...answers) answers {
	all := answers{}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return all
}

// instead returns answers that lead to another place.
func instead(table answers, place, other string) answers {
	moved := maps.Clone(table)
	for route, answer := range table {
		if answer == place {
			moved[route] = other
		}
	}
	return moved
}

// The pages about the factors.
var (
	accountShut = answers{ // a browser that is not signed in
		"GET /account/authenticators":               "/login",
		"GET /account/authenticators/new":           "/login",
		"POST /account/authenticators/new":          "/login",
		"GET /account/authenticators/new?replaces":  "/login",
		"POST /account/authenticators/new?replaces": "/login",
		"GET /account/authenticators/rename?id":     "/login",
		"POST /account/authenticators/rename?id":    "/login",
		"GET /account/authenticators/remove?id":     "/login",
		"POST /account/authenticators/remove?id":    "/login",
		"GET /account/codes":                        "/login",
		"POST /account/codes":                       "/login",
		"GET /account/codes/new":                    "/login",
		"POST /account/codes/new":                   "/login",
	}
	accountStale = both(accountShut, answers{ // a sign-in that is older than ten minutes: it may see the pages, and rename
		"GET /account/authenticators":            "/account/authenticators",
		"GET /account/authenticators/rename?id":  "/account/authenticators/rename",
		"POST /account/authenticators/rename?id": "/account/authenticators, renamed",
		"GET /account/codes":                     "/account/codes",
	})
	accountRecovered = both(accountStale, answers{ // a sign-in with a recovery code: it may replace all factors, and do nothing else
		"GET /account/authenticators/new":           "/login/enroll",
		"POST /account/authenticators/new":          "/login/enroll",
		"GET /account/authenticators/new?replaces":  "/login/enroll",
		"POST /account/authenticators/new?replaces": "/login/enroll",
		"GET /account/authenticators/remove?id":     "/login/enroll",
		"POST /account/authenticators/remove?id":    "/login/enroll",
		"POST /account/codes":                       "/login/enroll",
		"GET /account/codes/new":                    "/login/enroll",
		"POST /account/codes/new":                   "/login/enroll",
	})
	accountOpen = both(accountStale, answers{ // a sign-in of the last ten minutes, with no change pending
		"GET /account/authenticators/new":           "/account/authenticators/new",
		"POST /account/authenticators/new":          "/account/authenticators/new 422",
		"GET /account/authenticators/new?replaces":  "/account/authenticators/new",
		"POST /account/authenticators/new?replaces": "/account/authenticators/new 422",
		"GET /account/authenticators/remove?id":     "/account/authenticators/remove",
		"POST /account/authenticators/remove?id":    "/account/authenticators, REMOVED",
		"POST /account/codes":                       "/account/codes/new",
		"GET /account/codes/new":                    "/account/codes",
		"POST /account/codes/new":                   "/account/codes/new 422",
	})
)

// The pages of the sign-in.
var (
	wayShut = answers{ // a browser without any sign-in
		"GET /login":           "/login",
		"POST /login":          "/login/code",
		"GET /login/code":      "/login",
		"POST /login/code":     "/login/code 422",
		"GET /login/recovery":  "/login",
		"POST /login/recovery": "/login/recovery 422",
		"GET /login/enroll":    "/login",
		"POST /login/enroll":   "/login/enroll 422",
		"GET /login/codes":     "/login",
		"POST /login/codes":    "/login/codes 422",
		"GET /invite":          "/invite 410",
		"POST /invite":         "/invite 410",
	}
	wayHalf = both(wayShut, answers{ // the password was right, and there is an authenticator
		"GET /login/code":      "/login/code",
		"POST /login/code":     "/account, SIGNED IN",
		"GET /login/recovery":  "/login/recovery",
		"POST /login/recovery": "/login/enroll, SIGNED IN, code spent",
		"GET /login/enroll":    "/login/code",
		"POST /login/enroll":   "/login/code",
		"GET /login/codes":     "/login/code",
		"POST /login/codes":    "/login/code",
	})
	wayBare = both(wayShut, answers{ // the password was right, and there is no authenticator: an invitation is needed
		"POST /login":          "/login/enroll 403",
		"GET /login/code":      "/login/enroll 403",
		"POST /login/code":     "/login/enroll 403",
		"GET /login/recovery":  "/login/enroll 403",
		"POST /login/recovery": "/login/enroll 403",
		"GET /login/enroll":    "/login/enroll 403",
		"POST /login/enroll":   "/login/enroll 403",
		"GET /login/codes":     "/login/codes 403",
		"POST /login/codes":    "/login/codes 403",
	})
	wayInvited = answers{ // a password was chosen through an invitation
		"GET /login":           "/login",
		"POST /login":          "/login/enroll",
		"GET /login/code":      "/login/enroll",
		"POST /login/code":     "/login/enroll",
		"GET /login/recovery":  "/login/enroll",
		"POST /login/recovery": "/login/enroll",
		"GET /login/enroll":    "/login/enroll",
		"POST /login/enroll":   "/login/enroll 422",
		"GET /login/codes":     "/login/enroll",
		"POST /login/codes":    "/login/enroll",
		"GET /invite":          "/invite",
		"POST /invite":         "/login/enroll",
	}
	wayConfirmed = both(wayInvited, answers{ // and a code of the new authenticator was right: the recovery codes are shown
		"POST /login":          "/login/codes",
		"GET /login/code":      "/login/codes",
		"POST /login/code":     "/login/codes",
		"GET /login/recovery":  "/login/codes",
		"POST /login/recovery": "/login/codes",
		"GET /login/enroll":    "/login/codes",
		"POST /login/enroll":   "/login/codes",
		"GET /login/codes":     "/login/codes",
		"POST /login/codes":    "/account, SIGNED IN, ADDED, NEW CODES",
		"POST /invite":         "/login/codes",
	})
	wayPassed = both(wayShut, answers{ // signed in
		"GET /login":           "/account",
		"GET /login/code":      "/account",
		"POST /login/code":     "/account",
		"GET /login/recovery":  "/account",
		"POST /login/recovery": "/account",
		"GET /login/enroll":    "/account",
		"POST /login/enroll":   "/account",
		"GET /login/codes":     "/account",
		"POST /login/codes":    "/account",
	})
	wayHeld = both(instead(wayShut, "/login", "/login/password"), answers{ // both factors were right, but somebody else has the password
		"POST /login/code":     "/login/password",
		"POST /login/recovery": "/login/password",
		"POST /login/enroll":   "/login/password",
		"POST /login/codes":    "/login/password",
		"GET /login/password":  "/login/password",
		"POST /login/password": "/account, SIGNED IN",
	})
	wayRecovered = both(wayPassed, answers{ // by a recovery code
		"GET /login/enroll":  "/login/enroll",
		"POST /login/enroll": "/login/enroll 422",
		"GET /login/codes":   "/login/enroll",
		"POST /login/codes":  "/login/enroll",
	})
)

// wayLastCode is for a sign-in with the last recovery code, which can only enrol a new authenticator.
var wayLastCode = both(instead(wayShut, "/login", "/login/enroll"), answers{
	"POST /login/code":     "/login/enroll",
	"POST /login/recovery": "/login/enroll",
	"GET /login/enroll":    "/login/enroll",
	"POST /login/enroll":   "/login/enroll 422",
	"GET /login/codes":     "/login/enroll",
	"POST /login/codes":    "/login/enroll",
})

// factorTable says, for each state, where each request leads that concerns the second factor, sent with everything that the person knows.
var factorTable = map[string]answers{
	"nobody":                          both(wayShut, accountShut),
	"password only":                   both(wayHalf, accountShut),
	"password only, no authenticator": both(wayBare, accountShut),
	"factor closed":                   both(wayHalf, accountShut, answers{"POST /login/code": "/login/code 403"}),
	"disabled":                        both(wayShut, accountShut, answers{"POST /login": "/login 422"}),

	"invitation opened": both(wayShut, accountShut, answers{
		"POST /login": "/login 422", "GET /invite": "/invite", "POST /invite": "/login/enroll",
	}),
	"half done with ticket": both(wayInvited, accountShut),
	"pending enrolment":     both(wayInvited, accountShut, answers{"POST /login/enroll": "/login/codes"}),
	"confirmed enrolment":   both(wayConfirmed, accountShut),

	"held":                  both(wayHeld, instead(accountShut, "/login", "/login/password")),
	"reset link":            both(wayShut, accountShut),
	"sign-up link":          both(wayShut, accountShut, answers{"POST /login": "/login 422"}),
	"link to a new address": both(wayShut, accountShut),

	"complete": both(wayPassed, accountOpen),
	"adding": both(wayPassed, accountOpen, answers{
		"POST /account/authenticators/new": "/account/authenticators, ADDED",
	}),
	"replacing": both(wayPassed, accountOpen, answers{
		"POST /account/authenticators/new?replaces": "/account/authenticators, REPLACED",
	}),
	"new codes shown": both(wayPassed, accountOpen, answers{
		"GET /account/codes/new":  "/account/codes/new",
		"POST /account/codes/new": "/account/codes, NEW CODES",
	}),
	"complete, stale":        both(wayPassed, accountStale),
	"adding, stale":          both(wayPassed, accountStale),
	"new codes shown, stale": both(wayPassed, accountStale),
	"complete, stale, password again": both(wayHalf, accountStale, answers{
		"GET /login": "/account", "POST /login/code": "/account", "POST /login/recovery": "/login/enroll, code spent",
	}),

	"recovered":                    both(wayRecovered, accountRecovered),
	"recovered, pending enrolment": both(wayRecovered, accountRecovered, answers{"POST /login/enroll": "/login/codes"}),
	"recovered, confirmed enrolment": both(wayRecovered, instead(accountRecovered, "/login/enroll", "/login/codes"), answers{
		"GET /login/enroll": "/login/codes", "POST /login/enroll": "/login/codes",
		"GET /login/codes": "/login/codes", "POST /login/codes": "/account, ALL REPLACED, NEW CODES",
	}),
	"recovered, stale": both(wayPassed, accountStale),

	"last recovery code used":                    both(wayLastCode, instead(accountShut, "/login", "/login/enroll")),
	"last recovery code used, pending enrolment": both(wayLastCode, instead(accountShut, "/login", "/login/enroll"), answers{"POST /login/enroll": "/login/codes"}),
	"last recovery code used, confirmed enrolment": both(instead(wayLastCode, "/login/enroll", "/login/codes"), instead(accountShut, "/login", "/login/codes"), answers{
		"POST /login/enroll": "/login/codes", "POST /login/codes": "/account, SIGNED IN, ALL REPLACED, NEW CODES",
	}),

	"reset by an operator":                both(wayShut, accountShut, answers{"POST /login": "/login/enroll 403"}),
	"reset by an operator, password only": both(wayBare, accountShut),
}

// The table must obey this rule, whatever changes in it: signing in or changing a factor requires the password and one of an old factor, a
// recovery code or an operator's invitation.
var (
	letsIn = map[string][]string{
		"password only":       {"POST /login/code", "POST /login/recovery"},
		"factor closed":       {"POST /login/recovery"},
		"confirmed enrolment": {"POST /login/codes"},
		"held":                {"POST /login/password"},
		"last recovery code used, confirmed enrolment": {"POST /login/codes"},
	}
	changesFactors = map[string][]string{
		"confirmed enrolment":                          {"POST /login/codes"},
		"recovered, confirmed enrolment":               {"POST /login/codes"},
		"last recovery code used, confirmed enrolment": {"POST /login/codes"},
		"complete":        {"POST /account/authenticators/remove?id"},
		"adding":          {"POST /account/authenticators/remove?id", "POST /account/authenticators/new"},
		"replacing":       {"POST /account/authenticators/remove?id", "POST /account/authenticators/new?replaces"},
		"new codes shown": {"POST /account/authenticators/remove?id", "POST /account/codes/new"},
	}
)

var factorChange = regexp.MustCompile(`ADDED|REPLACED|REMOVED|NEW CODES`)
