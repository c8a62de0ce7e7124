package login_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
)

// The table is in factortable_test.go, the states in states_test.go.

// observation is the state of an account and a browser as seen from outside.
type observation struct {
	signedIn       bool
	authenticators []storage.Authenticator
	codes          []string
}

// observe returns the current observation.
func observe(t *testing.T, w *logintest.World, b *logintest.Browser) (s observation) {
	t.Helper()
	s.signedIn = strings.HasPrefix(b.Open("/oauth2/auth").Body, "signed in as "+b.User)
	user, err := w.Store.Users.Find(t.Context(), b.User)
	if errors.Is(err, storage.ErrNotFound) { // the e-mail address was changed, or has no account yet
		user, err = w.Store.Users.Find(t.Context(), "new-"+b.User)
	}
	if errors.Is(err, storage.ErrNotFound) {
		return s
	}
	require.NoError(t, err)
	s.authenticators, err = w.Store.Authenticators.OfUser(t.Context(), user.ID)
	require.NoError(t, err)
	rows, err := w.SQL.Query(`SELECT hex(code_mac) FROM recovery_codes WHERE used_at IS NULL AND user_id = '` + user.ID + `' ORDER BY 1`)
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

// became returns the words for what has changed.
func (s observation) became(after observation) (changes []string) {
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

// without counts the authenticators that are in one list and not in another.
func without(list, other []storage.Authenticator) (n int) {
	for _, a := range list {
		if !slices.ContainsFunc(other, func(b storage.Authenticator) bool { return a.ID == b.ID }) {
			n++
		}
	}
	return n
}

// outcome sends a request with everything that the person in this state knows, and returns where it led and what changed.
func outcome(t *testing.T, w *logintest.World, b *logintest.Browser, route string, k logintest.Known) string {
	t.Helper()
	before := observe(t, w, b)
	method, address, _ := strings.Cut(route, " ")
	path, parameter, _ := strings.Cut(address, "?")
	if parameter != "" {
		path += "?" + url.Values{parameter: {cmp.Or(k.Fields[parameter], "none")}}.Encode()
	}
	var p logintest.Page
	if method == http.MethodGet {
		p = b.Open(path)
	} else {
		fields := []string{
			"username", b.User, "password", logintest.AdaPassword, "code", k.Phone.Code(), "recovery_code", k.Recovery,
			"new_password", logintest.NewPassword, "saved", "yes", "name", "Another name", "email", "other-" + b.User, "do", "change",
		}
		for _, name := range []string{"enrolment", "set"} {
			fields = append(fields, name, k.Fields[name])
		}
		p = b.Post(path, fields...)
	}
	led := p.Address.Path
	if p.Status != http.StatusOK {
		led += fmt.Sprintf(" %d", p.Status)
	}
	return strings.Join(append([]string{led}, before.became(observe(t, w, b))...), ", ")
}

func TestFactorTableObeysTheRule(t *testing.T) {
	require.ElementsMatch(t, slices.Collect(maps.Keys(states)), slices.Collect(maps.Keys(factorTable)))
	for state, table := range factorTable {
		for route, answer := range table {
			require.Equal(t, slices.Contains(letsIn[state], route), strings.Contains(answer, "SIGNED IN"), "%s, %s", state, route)
			require.Equal(t, slices.Contains(changesFactors[state], route), factorChange.MatchString(answer), "%s, %s", state, route)
		}
	}
}

// Each request is sent in a fresh copy of the state.
func TestEveryStateChangeOfTheSecondFactor(t *testing.T) {
	for state, table := range factorTable {
		t.Run(state, func(t *testing.T) {
			logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
				b := logintest.NewBrowser(t, w.Handler)
				k := states[state](w, b)
				restore := w.DB.Snapshot(t)
				for _, route := range append(slices.Sorted(maps.Keys(table)), otherRoutes(table)...) {
					answer := outcome(t, w, b.Twin(), route, k)
					restore()
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

// otherRoutes are the routes that the table omits: they sign nobody in and change no factor.
func otherRoutes(table answers) (others []string) {
	for _, route := range routes {
		if _, listed := table[route]; !listed && !slices.ContainsFunc(slices.Collect(maps.Keys(table)), func(key string) bool { return strings.HasPrefix(key, route+"?") }) {
			others = append(others, route)
		}
	}
	return others
}
