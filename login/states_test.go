package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/throttle"
)

// known is what the person at the browser holds in a state: all that there is to know.
type known struct {
	phone    phone  // an authenticator, or the key that is being enrolled
	recovery string // an unused recovery code, or one that was shown
	fields   map[string]string
}

// states bring a browser to every point of the way of its user, who is enrolled, with a second authenticator, unless the state says otherwise.
var states = map[string]func(w *world, b *browser) known{
	"nobody":        func(w *world, b *browser) known { return w.settled(b) },
	"password only": func(w *world, b *browser) known { return w.halfWay(b) },
	"password only, no authenticator": func(w *world, b *browser) known {
		invited := newBrowser(w.t, w.handler)
		invited.submit(invited.open(w.invite(b.user)), "new_password", adaPassword)
		p := b.submit(b.open("/login"), "username", b.user, "password", adaPassword)
		require.Equal(w.t, http.StatusForbidden, p.status)
		return known{phone: w.scan(invited.open("/login/enroll")), recovery: "00000-00000"}
	},
	"factor closed": func(w *world, b *browser) known {
		k := w.settled(b)
		user, err := w.store.FindUser(w.t.Context(), b.user)
		require.NoError(w.t, err)
		guard, err := throttle.New(w.store, throttle.Config{})
		require.NoError(w.t, err)
		for range 100 {
			_, err := guard.Fail(w.t.Context(), throttle.Code, throttle.User(user.ID), time.Now())
			require.NoError(w.t, err)
			time.Sleep(time.Hour)
		}
		b.submit(b.open("/login"), "username", b.user, "password", adaPassword)
		return k
	},
	"invitation opened": func(w *world, b *browser) known {
		b.open(w.invite(b.user))
		return known{phone: phone{otherKey}, recovery: "00000-00000"}
	},
	"half done with ticket": func(w *world, b *browser) known {
		b.open(w.invite(b.user))
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		require.Equal(w.t, http.StatusSeeOther, b.post("/invite", "new_password", adaPassword).status)
		b.client.CheckRedirect = nil
		return known{phone: phone{otherKey}, recovery: "00000-00000"}
	},
	"pending enrolment": func(w *world, b *browser) known {
		p := b.submit(b.open(w.invite(b.user)), "new_password", adaPassword)
		return known{phone: w.scan(p), recovery: "00000-00000"}
	},
	"confirmed enrolment": func(w *world, b *browser) known {
		p := b.submit(b.open(w.invite(b.user)), "new_password", adaPassword)
		phone := w.scan(p)
		codes := recoveryCodes(b.submit(p, "code", phone.code()))
		return known{phone: phone, recovery: codes[0]}
	},
	"held": func(w *world, b *browser) known {
		k := w.settled(b)
		w.expose(b.user)
		b.submit(b.open("/login"), "username", b.user, "password", adaPassword)
		require.Equal(w.t, "/login/password", b.post("/login/code", "code", k.phone.code()).address.Path)
		time.Sleep(time.Minute)
		return k
	},
	"reset link": func(w *world, b *browser) known {
		k := w.settled(b)
		b.submit(b.open("/reset"), "username", b.user)
		require.Equal(w.t, "/reset/new", b.open(w.mailed(b.user, "/reset/new")).address.Path)
		return k
	},
	"registration link": func(w *world, b *browser) known {
		b.submit(b.open("/register"), "email", b.user, "name", "Ada Example")
		require.Equal(w.t, http.StatusOK, b.open(w.mailed(b.user, "/verify")).status)
		return known{phone: phone{otherKey}, recovery: "00000-00000"}
	},
	"link to a new address": func(w *world, b *browser) known {
		owner := newBrowser(w.t, w.handler)
		owner.user = b.user
		k := w.complete(owner)
		owner.post("/account/email", "do", "change", "email", "new-"+b.user)
		require.Equal(w.t, http.StatusOK, b.open(w.mailed("new-"+b.user, "/verify")).status)
		return k
	},
	"complete": func(w *world, b *browser) known { return w.complete(b) },
	"complete, stale": func(w *world, b *browser) known {
		k := w.complete(b)
		time.Sleep(10 * time.Minute)
		return k
	},
	"complete, stale, password again": func(w *world, b *browser) known {
		k := w.complete(b)
		time.Sleep(10 * time.Minute)
		b.submit(b.open("/login?to=codes"), "username", b.user, "password", adaPassword)
		return k
	},
	"adding": func(w *world, b *browser) known {
		k := w.complete(b)
		return w.adding(b, k, "/account/authenticators/new")
	},
	"adding, stale": func(w *world, b *browser) known {
		k := w.complete(b)
		time.Sleep(8 * time.Minute)
		k = w.adding(b, k, "/account/authenticators/new")
		time.Sleep(2 * time.Minute)
		return k
	},
	"replacing": func(w *world, b *browser) known {
		k := w.complete(b)
		return w.adding(b, k, "/account/authenticators/new?replaces="+k.fields["id"])
	},
	"new codes shown": func(w *world, b *browser) known { return w.newCodes(b, w.complete(b)) },
	"new codes shown, stale": func(w *world, b *browser) known {
		k := w.complete(b)
		time.Sleep(8 * time.Minute)
		k = w.newCodes(b, k)
		time.Sleep(2 * time.Minute)
		return k
	},
	"recovered": func(w *world, b *browser) known { return w.recovered(b) },
	"recovered, pending enrolment": func(w *world, b *browser) known {
		k := w.recovered(b)
		k.phone = w.scan(b.open("/login/enroll"))
		return k
	},
	"recovered, confirmed enrolment": func(w *world, b *browser) known {
		k := w.recovered(b)
		p := b.open("/login/enroll")
		k.phone = w.scan(p)
		b.submit(p, "code", k.phone.code())
		return k
	},
	"recovered, stale": func(w *world, b *browser) known {
		k := w.recovered(b)
		time.Sleep(10 * time.Minute)
		return k
	},
	"last recovery code used": func(w *world, b *browser) known { return w.lastCode(b) },
	"last recovery code used, pending enrolment": func(w *world, b *browser) known {
		k := w.lastCode(b)
		k.phone = w.scan(b.open("/login/enroll"))
		return k
	},
	"last recovery code used, confirmed enrolment": func(w *world, b *browser) known {
		k := w.lastCode(b)
		p := b.open("/login/enroll")
		k.phone = w.scan(p)
		b.submit(p, "code", k.phone.code())
		return k
	},
	"reset by an operator": func(w *world, b *browser) known {
		k := w.adding(b, w.complete(b), "/account/authenticators/new")
		w.reset(b)
		return k
	},
	"reset by an operator, password only": func(w *world, b *browser) known {
		k := w.complete(b)
		w.reset(b)
		b.submit(b.open("/login"), "username", b.user, "password", adaPassword)
		return k
	},
	"disabled": func(w *world, b *browser) known {
		k := w.complete(b)
		_, err := w.account.Disable(w.t.Context(), b.user, account.Operator{}, time.Now())
		require.NoError(w.t, err)
		return k
	},
}

// routes is every route of the package. A new one has to be added here, and so passes through the table.
var routes = []string{
	"GET /",
	"GET /.well-known/change-password",
	"GET /account",
	"GET /account/activity",
	"GET /account/close", "POST /account/close",
	"GET /account/closed",
	"GET /account/data", "POST /account/data",
	"GET /account/profile", "POST /account/profile",
	"GET /account/sessions", "POST /account/sessions",
	"GET /account/authenticators",
	"GET /account/authenticators/new", "POST /account/authenticators/new",
	"GET /account/authenticators/remove", "POST /account/authenticators/remove",
	"GET /account/authenticators/rename", "POST /account/authenticators/rename",
	"GET /account/codes", "POST /account/codes",
	"GET /account/codes/new", "POST /account/codes/new",
	"GET /account/email", "POST /account/email",
	"GET /account/password", "POST /account/password",
	"GET /invite", "POST /invite",
	"GET /login", "POST /login",
	"GET /login/cancel", "POST /login/cancel",
	"GET /login/code", "POST /login/code",
	"GET /login/codes", "POST /login/codes",
	"GET /login/enroll", "POST /login/enroll",
	"GET /login/enroll/link", "POST /login/enroll/link",
	"GET /login/password", "POST /login/password",
	"GET /login/recovery", "POST /login/recovery",
	"GET /logout", "POST /logout",
	"GET /register", "POST /register", "GET /register/sent",
	"GET /reset", "POST /reset", "GET /reset/sent", "GET /reset/new", "POST /reset/new", "GET /reset/not-me", "POST /reset/not-me", "GET /reset/done",
	"GET /verify", "POST /verify", "GET /verify/done",
}

func TestRouteTableIsComplete(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var mounted []string
		for _, route := range w.handler.(*gin.Engine).Routes() {
			if path := route.Path; path != "/begin" && path != "/oauth2/auth" && path != "/state" {
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

func pathOf(route string) string {
	_, path, _ := strings.Cut(route, " ")
	return path
}
