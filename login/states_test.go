package login_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
)

// What the person at the browser holds in every state: all that there is to know.
type known struct {
	phone    phone
	recovery string
}

// states bring a browser to every point of the way. Ada is enrolled unless a state says otherwise.
var states = map[string]func(w *world, b *browser) known{
	"nothing": func(w *world, _ *browser) known {
		phone, codes := w.enrolled(ada)
		time.Sleep(time.Minute)
		return known{phone, codes[0]}
	},
	"password": func(w *world, b *browser) known {
		phone, codes := w.enrolled(ada)
		time.Sleep(time.Minute)
		require.Equal(w.t, "/login/code", b.submit(b.open("/login"), "username", ada, "password", adaPassword).address.Path)
		return known{phone, codes[0]}
	},
	"password without factor": func(w *world, b *browser) known {
		invited := newBrowser(w.t, w.handler)
		invited.submit(invited.open(w.invite(ada)), "new_password", adaPassword)
		p := b.submit(b.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(w.t, http.StatusForbidden, p.status)
		require.Contains(w.t, p.text(), "You need an invitation")
		return known{w.scan(invited.open("/login/enroll")), "00000-00000"}
	},
	"ticket": func(w *world, b *browser) known {
		b.open(w.invite(ada))
		return known{phone: phone{otherKey}, recovery: "00000-00000"}
	},
	"pending enrolment": func(w *world, b *browser) known {
		p := b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		return known{w.scan(p), "00000-00000"}
	},
	"confirmed enrolment": func(w *world, b *browser) known {
		p := b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		phone := w.scan(p)
		codes := recoveryCodes(b.submit(p, "code", phone.code()))
		return known{phone, codes[0]}
	},
	"complete": func(w *world, b *browser) known {
		phone, codes := w.enrolled(ada)
		time.Sleep(time.Minute)
		b.submit(b.submit(b.open("/login"), "username", ada, "password", adaPassword), "code", phone.code())
		time.Sleep(time.Minute)
		return known{phone, codes[0]}
	},
}

// routes is every route of the package. A new one has to be added here, and so passes through the table.
var routes = []string{
	"GET /account",
	"GET /account/activity",
	"GET /account/close", "POST /account/close",
	"GET /account/closed",
	"GET /account/data", "POST /account/data",
	"GET /account/profile", "POST /account/profile",
	"GET /account/sessions", "POST /account/sessions",
	"GET /invite", "POST /invite",
	"GET /login", "POST /login",
	"GET /login/cancel",
	"GET /login/code", "POST /login/code",
	"GET /login/codes", "POST /login/codes",
	"GET /login/enroll", "POST /login/enroll",
	"GET /login/recovery", "POST /login/recovery",
	"GET /logout", "POST /logout",
}

// completes are the only steps that end in a complete sign-in: both factors have been shown before them or are in them.
var completes = map[string][]string{
	"password":            {"POST /login/code", "POST /login/recovery"},
	"confirmed enrolment": {"POST /login/codes"},
	"complete":            slices.DeleteFunc(slices.Clone(routes), func(route string) bool { return route == "POST /logout" }),
}

func TestNoWayAroundTheSecondFactor(t *testing.T) {
	for state, reach := range states {
		for _, route := range routes {
			t.Run(state+"/"+route, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					b := newBrowser(t, w.handler)
					knows := reach(w, b)
					method, path := route[:len(route)-len(pathOf(route))-1], pathOf(route)
					if method == http.MethodGet {
						b.open(path)
					} else {
						b.post(path, "username", ada, "password", adaPassword, "code", knows.phone.code(), "recovery_code", knows.recovery,
							"new_password", adaPassword, "saved", "yes")
					}
					done := b.open("/oauth2/auth").body
					if slices.Contains(completes[state], route) {
						require.Contains(t, done, "signed in as "+ada)
					} else {
						require.Contains(t, done, "nobody")
					}
				})
			})
		}
	}
}

func pathOf(route string) string {
	for i, c := range route {
		if c == '/' {
			return route[i:]
		}
	}
	return route
}

func TestRouteTableIsComplete(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var mounted []string
		for _, route := range w.handler.(*gin.Engine).Routes() {
			if path := route.Path; path != "/begin" && path != "/oauth2/auth" {
				mounted = append(mounted, route.Method+" "+path)
			}
		}
		require.ElementsMatch(t, routes, mounted)
	})
}

func TestCompleteSignInTakesEveryShortcutToTheAccount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["complete"](w, b)
		for _, path := range []string{"/login", "/login/code", "/login/recovery", "/login/enroll", "/login/codes"} {
			require.Equal(t, "/account", b.open(path).address.Path, path)
		}
		require.Contains(t, b.open("/begin").text(), "Sign in to continue", "an app that asks for a sign-in gets one")
	})
}

// The same page, status, cookies and length, whatever is wrong.
func TestNobodyLearnsWhatIsWrong(t *testing.T) {
	names := []string{"unknown", "wrongpw", "shutoff", "invited"} // of one length, because the page shows the name again
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled("wrongpw@example.test")
		w.enrolled("shutoff@example.test")
		_, err := w.account.Disable(t.Context(), "shutoff@example.test", account.Operator{}, time.Now())
		require.NoError(t, err)
		w.invite("invited@example.test")
		type answer struct {
			status, length int
			header         http.Header
			cookies        []string
		}
		ask := func(name, password string) answer {
			b := newBrowser(t, w.handler)
			p := b.submit(b.open("/begin"), "username", name+"@example.test", "password", password)
			a := answer{status: p.status, length: len(p.body), header: p.header}
			for _, cookie := range p.cookies {
				a.cookies = append(a.cookies, cookie.Name)
			}
			return a
		}
		for _, tries := range []int{1, 9, 2} { // wrong, wrong to the end of the budget, throttled
			var first answer
			for i, name := range names {
				password := "not the right one"
				if name == "shutoff" {
					password = adaPassword // even the right password says nothing of an account that is shut
				}
				var last answer
				for range tries {
					last = ask(name, password)
				}
				if i == 0 {
					first = last
				}
				require.Equal(t, first, last, "%s after %d tries", name, tries)
			}
			if tries == 2 {
				require.Equal(t, http.StatusTooManyRequests, first.status)
			} else {
				require.Equal(t, http.StatusUnprocessableEntity, first.status)
			}
		}
	})
}
