package login_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// sees is what can be told of an account and a browser from outside.
type sees struct {
	signedIn       bool
	authenticators []storage.Authenticator
	codes          []string
}

func (w *world) sees(t *testing.T, b *browser) (s sees) {
	t.Helper()
	s.signedIn = strings.HasPrefix(b.open("/oauth2/auth").body, "signed in as "+b.user)
	user, err := w.store.FindUser(t.Context(), b.user)
	if errors.Is(err, storage.ErrNotFound) { // the address was changed, or nobody has registered it yet
		user, err = w.store.FindUser(t.Context(), "new-"+b.user)
	}
	if errors.Is(err, storage.ErrNotFound) {
		return s
	}
	require.NoError(t, err)
	s.authenticators, err = w.store.Authenticators(t.Context(), user.ID)
	require.NoError(t, err)
	rows, err := w.db.SQL(t).Query(`SELECT hex(code_mac) FROM recovery_codes WHERE used_at IS NULL AND user_id = '` + user.ID + `' ORDER BY 1`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var code string
		require.NoError(t, rows.Scan(&code))
		s.codes = append(s.codes, code)
	}
	require.NoError(t, rows.Err())
	return s
}

// became says what has changed.
func (s sees) became(after sees) (changes []string) {
	switch {
	case !s.signedIn && after.signedIn:
		changes = append(changes, "SIGNED IN")
	case s.signedIn && !after.signedIn:
		changes = append(changes, "signed out")
	}
	gone, come := without(s.authenticators, after.authenticators), without(after.authenticators, s.authenticators)
	switch {
	case gone == 0 && come > 0:
		changes = append(changes, "ADDED")
	case gone > 1 && come > 0:
		changes = append(changes, "ALL REPLACED")
	case gone > 0 && come > 0:
		changes = append(changes, "REPLACED")
	case gone > 0:
		changes = append(changes, "REMOVED")
	case !slices.EqualFunc(s.authenticators, after.authenticators, func(a, b storage.Authenticator) bool { return a.Name == b.Name }):
		changes = append(changes, "renamed")
	}
	switch {
	case slices.Equal(s.codes, after.codes):
	case len(after.codes) == len(s.codes)-1:
		changes = append(changes, "code spent")
	default:
		changes = append(changes, "NEW CODES")
	}
	return changes
}

// without counts the authenticators of one list that another lacks.
func without(list, other []storage.Authenticator) (n int) {
	for _, a := range list {
		if !slices.ContainsFunc(other, func(b storage.Authenticator) bool { return a.ID == b.ID }) {
			n++
		}
	}
	return n
}

// outcome sends a request as honestly as the state allows and says where it led and what changed.
func (w *world) outcome(t *testing.T, b *browser, route string, k known) string {
	t.Helper()
	before := w.sees(t, b)
	method, address, _ := strings.Cut(route, " ")
	path, parameter, _ := strings.Cut(address, "?")
	if parameter != "" {
		path += "?" + url.Values{parameter: {cmp.Or(k.fields[parameter], "none")}}.Encode()
	}
	var p page
	if method == http.MethodGet {
		p = b.open(path)
	} else {
		fields := []string{
			"username", b.user, "password", adaPassword, "code", k.phone.code(), "recovery_code", k.recovery,
			"new_password", newPassword, "saved", "yes", "name", "Another name", "email", "other-" + b.user, "do", "change",
		}
		for _, name := range []string{"enrolment", "set"} {
			fields = append(fields, name, k.fields[name])
		}
		p = b.post(path, fields...)
	}
	led := p.address.Path
	if p.status != http.StatusOK {
		led += fmt.Sprintf(" %d", p.status)
	}
	return strings.Join(append([]string{led}, before.became(w.sees(t, b))...), ", ")
}

// answers are where requests lead: the path at which the browser ends, its status unless it is 200, and what has changed: SIGNED IN,
// ADDED, REPLACED (one), ALL REPLACED, REMOVED, NEW CODES, and in small letters what opens nothing.
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
	accountShut = answers{ // to who is not signed in
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
	accountStale = both(accountShut, answers{ // to who has not shown both factors for ten minutes: to look at, and to call by another name
		"GET /account/authenticators":            "/account/authenticators",
		"GET /account/authenticators/rename?id":  "/account/authenticators/rename",
		"POST /account/authenticators/rename?id": "/account/authenticators, renamed",
		"GET /account/codes":                     "/account/codes",
	})
	accountRecovered = both(accountStale, answers{ // to who has shown a recovery code: it replaces everything, and nothing else
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
	accountOpen = both(accountStale, answers{ // to who has shown both within ten minutes, with nothing on its way
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

// The way in.
var (
	wayShut = answers{ // a browser that has shown nothing
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
	wayBare = both(wayShut, answers{ // the password was right, and there is no authenticator: an invitation has to come
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

// factorTable says of every state where each request leads that has to do with the second factor, sent with all that the person knows.
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
	"registration link":     both(wayShut, accountShut, answers{"POST /login": "/login 422"}),
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

	"reset by an operator":                both(wayShut, accountShut, answers{"POST /login": "/login/enroll 403"}),
	"reset by an operator, password only": both(wayBare, accountShut),
}

// The rule that the table has to keep, whoever changes it: nobody gets in without the password and an old factor, a recovery code or the
// ticket of an operator, and nobody changes a factor otherwise.
var (
	letsIn = map[string][]string{
		"password only":       {"POST /login/code", "POST /login/recovery"},
		"factor closed":       {"POST /login/recovery"},
		"confirmed enrolment": {"POST /login/codes"},
		"held":                {"POST /login/password"},
	}
	changesFactors = map[string][]string{
		"confirmed enrolment":            {"POST /login/codes"},
		"recovered, confirmed enrolment": {"POST /login/codes"},
		"complete":                       {"POST /account/authenticators/remove?id"},
		"adding":                         {"POST /account/authenticators/remove?id", "POST /account/authenticators/new"},
		"replacing":                      {"POST /account/authenticators/remove?id", "POST /account/authenticators/new?replaces"},
		"new codes shown":                {"POST /account/authenticators/remove?id", "POST /account/codes/new"},
	}
)

var factorChange = regexp.MustCompile(`ADDED|REPLACED|REMOVED|NEW CODES`)

func TestFactorTableKeepsTheRule(t *testing.T) {
	require.ElementsMatch(t, slices.Collect(maps.Keys(states)), slices.Collect(maps.Keys(factorTable)))
	for state, table := range factorTable {
		for route, answer := range table {
			require.Equal(t, slices.Contains(letsIn[state], route), strings.Contains(answer, "SIGNED IN"), "%s, %s", state, route)
			require.Equal(t, slices.Contains(changesFactors[state], route), factorChange.MatchString(answer), "%s, %s", state, route)
		}
	}
}

func TestEveryStateChangeOfTheSecondFactor(t *testing.T) {
	for state, table := range factorTable {
		t.Run(state, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				for _, route := range append(slices.Sorted(maps.Keys(table)), otherRoutes(table)...) {
					b := newBrowser(t, w.handler)
					b.user = strings.ToLower(storage.NewID()) + "@example.test"
					answer := w.outcome(t, b, route, states[state](w, b))
					if want, listed := table[route]; listed {
						require.Equal(t, want, answer, route)
						continue
					}
					require.NotContains(t, answer, "SIGNED IN", route)
					require.NotRegexp(t, factorChange, answer, route)
				}
			})
		})
	}
}

// otherRoutes are those that a table leaves out: they let nobody in and change no factor.
func otherRoutes(table answers) (others []string) {
	for _, route := range routes {
		if _, listed := table[route]; !listed && !slices.ContainsFunc(slices.Collect(maps.Keys(table)), func(key string) bool { return strings.HasPrefix(key, route+"?") }) {
			others = append(others, route)
		}
	}
	return others
}
