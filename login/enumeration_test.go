package login_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// question is a form by which somebody might find out who has an account.
type question struct {
	path  string
	asks  int // how often a name can be asked about before it is throttled
	typed func(name string) url.Values
}

var questions = map[string]question{
	"sign-in": {"/login", 10, func(name string) url.Values {
		return url.Values{"username": {name}, "password": {"not the right one"}}
	}},
	"reset": {"/reset", 3, func(name string) url.Values { return url.Values{"username": {name}} }},
	"sign-up": {"/register", 3, func(name string) url.Values {
		return url.Values{"email": {name}, "name": {"Somebody"}}
	}},
}

// ask sends a question about a name, from a client IP of its own.
func (q question) ask(name, agent string, n int) *http.Request {
	r := httptest.NewRequest(http.MethodPost, logintest.Origin+q.path, strings.NewReader(q.typed(name).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", agent)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4711", n>>16&255, n>>8&255, n&255)
	return r
}

// crowd has users, and names without an account: enough for none to be asked about more often than allowed.
type crowd struct {
	w        *logintest.World
	question question
	names    int // number of users and names so far
	asked    int // number of client IPs used
}

// arms adds the users that a number of questions needs, and returns functions that ask about users and about unknown names.
func (c *crowd) arms(samples int) [2]func(sample int) *http.Request {
	c.w.T.Helper()
	first := c.names
	hash, err := c.w.Hasher.Hash(c.w.T.Context(), logintest.AdaPassword)
	require.NoError(c.w.T, err)
	for ; c.names < first+(samples+c.question.asks-1)/c.question.asks; c.names++ {
		now := time.Now()
		user := storage.User{
			ID: storage.NewID(), Email: c.name("known", c.names), EmailVerified: true, CreatedAt: storage.At(now), UpdatedAt: storage.At(now),
		}
		require.NoError(c.w.T, c.w.Store.Users.Add(c.w.T.Context(), user))
		require.NoError(c.w.T, c.w.Store.Passwords.Set(c.w.T.Context(), user.ID, hash, now))
	}
	arm := func(kind string) func(sample int) *http.Request {
		return func(sample int) *http.Request {
			c.asked++
			return c.question.ask(c.name(kind, first+sample/c.question.asks), kind, c.asked)
		}
	}
	return [2]func(sample int) *http.Request{arm("known"), arm("other")}
}

func (c *crowd) name(kind string, n int) string { return fmt.Sprintf("%s%06d@example.test", kind, n) }

// Statements and answers are the same for known and unknown names, within the limit and beyond it.
func TestKnownAndUnknownTakeTheSameStatements(t *testing.T) {
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
				counter := &storagetest.Counter{}
				w := logintest.New(t, db, counter.Intercept)
				people := []string{"nobody@example.test", logintest.Ada, "shut@example.test", "new@example.test"}
				w.Enrolled(logintest.Ada)
				w.Enrolled("shut@example.test")
				_, err := w.Account.Operate.Disable(t.Context(), "shut@example.test", audit.Operator(), time.Now())
				require.NoError(t, err)
				w.Invite("new@example.test")
				for ask := range q.asks + 2 {
					var first []any
					for i, person := range people {
						counter.Reset()
						r, recorder := q.ask(person, "test", ask*len(people)+i), httptest.NewRecorder()
						w.Handler.ServeHTTP(recorder, r)
						begun, ended := counter.Transactions()
						all := []any{seenOf(r, recorder), counter.Count(), begun, ended}
						if i == 0 {
							first = all
						}
						require.Equal(t, first, all, "%s, ask %d: %q", person, ask, counter.Texts())
					}
				}
			})
		})
	}
}

// seen is what a client sees of an answer, without the name that was typed.
type seen struct {
	status  int
	header  http.Header
	cookies []string
	body    string
}

func seenOf(r *http.Request, recorder *httptest.ResponseRecorder) seen {
	typed := r.PostForm.Get("username") + r.PostForm.Get("email")
	a := seen{status: recorder.Code, header: recorder.Header().Clone(), body: strings.ReplaceAll(recorder.Body.String(), typed, "NAME")}
	for _, cookie := range recorder.Result().Cookies() {
		cookie.Value = ""
		a.cookies = append(a.cookies, cookie.String())
	}
	a.header.Del("Set-Cookie")
	a.header.Del("Content-Length")
	return a
}
