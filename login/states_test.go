package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage/audit"
)

// states bring a browser to every step of a sign-in. Its user is enrolled and has a second authenticator, unless the state says otherwise.
var states = map[string]func(w *logintest.World, b *logintest.Browser) logintest.Known{
	"nobody":        func(w *logintest.World, b *logintest.Browser) logintest.Known { return w.Settled(b) },
	"password only": func(w *logintest.World, b *logintest.Browser) logintest.Known { return w.HalfWay(b) },
	"password only, no authenticator": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		invited := logintest.NewBrowser(w.T, w.Handler)
		invited.Submit(invited.Open(w.Invite(b.User)), "new_password", logintest.AdaPassword)
		p := b.Submit(b.Open("/login"), "username", b.User, "password", logintest.AdaPassword)
		require.Equal(w.T, http.StatusForbidden, p.Status)
		return logintest.Known{Phone: w.Scan(invited.Open("/login/enroll")), Recovery: "00000-00000"}
	},
	"factor closed": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Settled(b)
		user, err := w.Store.Users.Find(w.T.Context(), b.User)
		require.NoError(w.T, err)
		guard, err := throttle.New(w.Store, throttle.Config{})
		require.NoError(w.T, err)
		for range 100 {
			_, err := guard.Fail(w.T.Context(), throttle.Code, throttle.User(user.ID), time.Now())
			require.NoError(w.T, err)
			time.Sleep(time.Hour)
		}
		b.Submit(b.Open("/login"), "username", b.User, "password", logintest.AdaPassword)
		return k
	},
	"invitation opened": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		b.Open(w.Invite(b.User))
		return logintest.Known{Phone: logintest.Phone{Key: otherKey}, Recovery: "00000-00000"}
	},
	"half done with ticket": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		b.Open(w.Invite(b.User))
		b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		require.Equal(w.T, http.StatusSeeOther, b.Post("/invite", "new_password", logintest.AdaPassword).Status)
		b.Client.CheckRedirect = nil
		return logintest.Known{Phone: logintest.Phone{Key: otherKey}, Recovery: "00000-00000"}
	},
	"pending enrolment": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		p := b.Submit(b.Open(w.Invite(b.User)), "new_password", logintest.AdaPassword)
		return logintest.Known{Phone: w.Scan(p), Recovery: "00000-00000"}
	},
	"confirmed enrolment": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		p := b.Submit(b.Open(w.Invite(b.User)), "new_password", logintest.AdaPassword)
		phone := w.Scan(p)
		codes := logintest.RecoveryCodes(b.Submit(p, "code", phone.Code()))
		return logintest.Known{Phone: phone, Recovery: codes[0]}
	},
	"held": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Settled(b)
		w.Expose(b.User)
		b.Submit(b.Open("/login"), "username", b.User, "password", logintest.AdaPassword)
		require.Equal(w.T, "/login/password", b.Post("/login/code", "code", k.Phone.Code()).Address.Path)
		time.Sleep(time.Minute)
		return k
	},
	"reset link": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Settled(b)
		b.Submit(b.Open("/reset"), "username", b.User)
		require.Equal(w.T, "/reset/new", b.Open(w.Mailed(b.User, "/reset/new")).Address.Path)
		return k
	},
	"sign-up link": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		b.Submit(b.Open("/register"), "email", b.User, "name", "Ada Example")
		require.Equal(w.T, http.StatusOK, b.Open(w.Mailed(b.User, "/verify")).Status)
		return logintest.Known{Phone: logintest.Phone{Key: otherKey}, Recovery: "00000-00000"}
	},
	"link to a new address": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		owner := logintest.NewBrowser(w.T, w.Handler)
		owner.User = b.User
		k := w.Complete(owner)
		owner.Post("/account/email", "do", "change", "email", "new-"+b.User)
		require.Equal(w.T, http.StatusOK, b.Open(w.Mailed("new-"+b.User, "/verify")).Status)
		return k
	},
	"complete": (*logintest.World).Complete,
	"complete, stale": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		time.Sleep(10 * time.Minute)
		return k
	},
	"complete, stale, password again": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		time.Sleep(10 * time.Minute)
		b.Submit(b.Open("/login?to=codes"), "username", b.User, "password", logintest.AdaPassword)
		return k
	},
	"adding": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		return w.Adding(b, k, "/account/authenticators/new")
	},
	"adding, stale": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		time.Sleep(8 * time.Minute)
		k = w.Adding(b, k, "/account/authenticators/new")
		time.Sleep(2 * time.Minute)
		return k
	},
	"replacing": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		return w.Adding(b, k, "/account/authenticators/new?replaces="+k.Fields["id"])
	},
	"new codes shown": func(w *logintest.World, b *logintest.Browser) logintest.Known { return w.NewCodes(b, w.Complete(b)) },
	"new codes shown, stale": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		time.Sleep(8 * time.Minute)
		k = w.NewCodes(b, k)
		time.Sleep(2 * time.Minute)
		return k
	},
	"recovered": func(w *logintest.World, b *logintest.Browser) logintest.Known { return w.Recovered(b) },
	"recovered, pending enrolment": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Recovered(b)
		k.Phone = w.Scan(b.Open("/login/enroll"))
		return k
	},
	"recovered, confirmed enrolment": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Recovered(b)
		p := b.Open("/login/enroll")
		k.Phone = w.Scan(p)
		b.Submit(p, "code", k.Phone.Code())
		return k
	},
	"recovered, stale": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Recovered(b)
		time.Sleep(10 * time.Minute)
		return k
	},
	"last recovery code used": func(w *logintest.World, b *logintest.Browser) logintest.Known { return w.LastCode(b) },
	"last recovery code used, pending enrolment": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.LastCode(b)
		k.Phone = w.Scan(b.Open("/login/enroll"))
		return k
	},
	"last recovery code used, confirmed enrolment": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.LastCode(b)
		p := b.Open("/login/enroll")
		k.Phone = w.Scan(p)
		b.Submit(p, "code", k.Phone.Code())
		return k
	},
	"reset by an operator": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Adding(b, w.Complete(b), "/account/authenticators/new")
		w.Reset(b)
		return k
	},
	"reset by an operator, password only": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		w.Reset(b)
		b.Submit(b.Open("/login"), "username", b.User, "password", logintest.AdaPassword)
		return k
	},
	"disabled": func(w *logintest.World, b *logintest.Browser) logintest.Known {
		k := w.Complete(b)
		_, err := w.Account.Operate.Disable(w.T.Context(), b.User, audit.Operator(), time.Now())
		require.NoError(w.T, err)
		return k
	},
}

// routes is every route of the sign-in pages and of the account pages. A new route has to be added here, so that the table covers it.
var routes = []string{
	"GET /",
	"GET /.well-known/change-password",
	"GET /account",
	"GET /account/activity",
	"GET /account/apps", "POST /account/apps",
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
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		var mounted []string
		for _, route := range w.Handler.(*gin.Engine).Routes() {
			if path := route.Path; path != "/begin" && path != "/oauth2/auth" && path != "/state" {
				mounted = append(mounted, route.Method+" "+path)
			}
		}
		require.ElementsMatch(t, routes, mounted)
	})
}

func TestSignedInBrowserSkipsTheSignInPages(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		for _, path := range []string{"/login", "/login/code", "/login/recovery", "/login/enroll", "/login/codes"} {
			require.Equal(t, "/account", b.Open(path).Address.Path, path)
		}
		require.Contains(t, b.Open("/begin").Text(), "Sign in to continue", "an app that asks for a new sign-in gets one")
	})
}

// Page, status, cookies and length are the same, whatever is wrong.
func TestNobodyLearnsWhatIsWrong(t *testing.T) {
	names := []string{"unknown", "wrongpw", "shutoff", "invited"} // names of one length, because the page shows the name again
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled("wrongpw@example.test")
		w.Enrolled("shutoff@example.test")
		_, err := w.Account.Operate.Disable(t.Context(), "shutoff@example.test", audit.Operator(), time.Now())
		require.NoError(t, err)
		w.Invite("invited@example.test")
		type answer struct {
			status, length int
			header         http.Header
			cookies        []string
		}
		ask := func(name, password string) answer {
			b := logintest.NewBrowser(t, w.Handler)
			p := b.Submit(b.Open("/begin"), "username", name+"@example.test", "password", password)
			a := answer{status: p.Status, length: len(p.Body), header: p.Header}
			for _, cookie := range p.Cookies {
				a.cookies = append(a.cookies, cookie.Name)
			}
			return a
		}
		for _, tries := range []int{1, 9, 2} { // wrong, wrong until the budget is used up, throttled
			var first answer
			for i, name := range names {
				password := "not the right one"
				if name == "shutoff" {
					password = logintest.AdaPassword // even with the right password the answer does not tell that an account is disabled
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
