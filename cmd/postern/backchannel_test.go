package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// The ways to end a session, by the person in the browser or by an operator elsewhere.
var ways = map[string]func(t *testing.T, v *browsertest.Visitor, operators *app, email, sid string) error{
	"signs out": func(_ *testing.T, v *browsertest.Visitor, _ *app, _, _ string) error {
		v.Open("/logout")
		v.Submit("Sign out")
		return nil
	},
	"changes the password": func(_ *testing.T, v *browsertest.Visitor, _ *app, _, _ string) error {
		v.Open("/account/password")
		v.Fill("Current password", adaPassword)
		v.Fill("New password", "a lighthouse of old paper")
		v.Submit("Change password")
		return nil
	},
	"one session is ended": func(t *testing.T, _ *browsertest.Visitor, a *app, email, sid string) error {
		_, err := a.accounts.Operate.EndSession(t.Context(), email, sid, audit.Operator(), time.Now())
		return err
	},
	"is signed out": func(t *testing.T, _ *browsertest.Visitor, a *app, email, _ string) error {
		_, _, err := a.accounts.Operate.SignOut(t.Context(), email, audit.Operator(), time.Now())
		return err
	},
	"is disabled": func(t *testing.T, _ *browsertest.Visitor, a *app, email, _ string) error {
		_, err := a.accounts.Operate.Disable(t.Context(), email, audit.Operator(), time.Now())
		return err
	},
	"is deleted": func(t *testing.T, _ *browsertest.Visitor, a *app, email, _ string) error {
		_, err := a.accounts.Operate.Delete(t.Context(), email, audit.Operator(), time.Now())
		return err
	},
	"loses the factors": func(t *testing.T, _ *browsertest.Visitor, a *app, email, _ string) error {
		_, _, err := a.accounts.Operate.ResetFactor(t.Context(), email, audit.Operator(), time.Now())
		return err
	},
}

// TestAppsHearOfEverySignOut ends sessions in every way, through the server and by commands beside it, and checks that the app is told.
func TestAppsHearOfEverySignOut(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var mu sync.Mutex
		heard := map[string]int{} // by person; each person has one session
		listening := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			heard[subjectOf(r.PostFormValue("logout_token"))]++
		}))
		defer listening.Close()
		cfg := settings(t, db, "http://"+freeAddress(t))
		cfg.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		a, operators := newTestAppOf(t, cfg), newTestAppOf(t, cfg)
		callback := callbackServer(t)
		id, _ := addClient(t, a, client.Web, callback, func(m *client.Metadata) {
			m.Consent, m.BackchannelLogoutURI = client.ConsentSkip, listening.URL
		})
		listenAndRun(t, a)
		asking := authorizeParams(id)
		asking.Set("redirect_uri", callback)
		want := map[string]int{}
		for name, end := range ways {
			email := strings.ReplaceAll(name, " ", "-") + "@example.test"
			line := strings.NewReplacer("ada@", email[:strings.Index(email, "@")]+"@", `"username":"ada",`, "", "\n", " ").Replace(adaLine)
			_, err := operators.accounts.Port.Import(t.Context(), strings.NewReader(line), port.ImportOptions{}, audit.Operator(), time.Now())
			require.NoError(t, err)
			v := browsertest.NewVisitor(t, nil)
			v.Open(a.cfg.Issuer + "/oauth2/auth?" + asking.Encode())
			v.Fill("username", email)
			v.Fill("password", adaPassword)
			v.Submit("Continue")
			v.Fill("code", browsertest.Code(t, adaURI, time.Now()))
			v.Submit("Continue")
			require.Contains(t, v.URL(), "/callback?code=", name)
			user, err := operators.store.Users.Find(t.Context(), email)
			require.NoError(t, err)
			sessions, err := operators.store.Sessions.OfUser(t.Context(), user.ID, time.Now())
			require.NoError(t, err)
			require.Len(t, sessions, 1)
			want[user.ID] = 1
			v.Open(a.cfg.Issuer + "/login") // the journey had ended at the app
			require.NoError(t, end(t, v, operators, email, sessions[0].ID), name)
		}
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(heard) == len(want)
		}, 20*time.Second, 10*time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, want, heard)
	})
}

// subjectOf returns the subject of a logout token.
func subjectOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "not a JWT"
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Subject string `json:"sub"`
	}
	_ = json.Unmarshal(text, &claims)
	return claims.Subject
}
