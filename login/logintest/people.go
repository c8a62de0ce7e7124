package logintest

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Ada is the person of most tests, with her password.
const (
	Ada         = "ada@example.test"
	AdaPassword = "violet anchors drift north"
)

// NewAda and NewPassword are her address and password after a change.
const (
	NewAda      = "countess@example.test"
	NewPassword = "seven quiet lanterns hum"
)

// Invite adds a user and returns the invitation link.
func (w *World) Invite(email string) string {
	w.T.Helper()
	_, invitation, err := w.Account.Operate.Add(w.T.Context(), identity.NewUser{Email: email, Name: "Ada Example"}, audit.Operator(), time.Now())
	require.NoError(w.T, err)
	return strings.TrimPrefix(invitation.URL, Origin)
}

// Enrolled adds a user, who sets everything up in a browser of their own. It returns their phone and their recovery codes.
func (w *World) Enrolled(email string) (Phone, []string) {
	w.T.Helper()
	_, phone, codes := w.setUp(email)
	return phone, codes
}

// SignedIn is Enrolled for tests that continue in the browser in which the user has just signed in.
func (w *World) SignedIn(email string) (*Browser, Phone) {
	w.T.Helper()
	b, phone, _ := w.setUp(email)
	return b, phone
}

func (w *World) setUp(email string) (*Browser, Phone, []string) {
	w.T.Helper()
	b := NewBrowser(w.T, w.Handler)
	p := b.Submit(b.Open(w.Invite(email)), "new_password", AdaPassword)
	phone := w.Scan(p)
	codes := b.Submit(p, "code", phone.Code())
	require.Equal(w.T, http.StatusOK, b.Submit(codes, "saved", "yes").Status)
	return b, phone, RecoveryCodes(codes)
}

// User returns the user with a name.
func (w *World) User(name string) storage.User {
	w.T.Helper()
	user, err := w.Store.Users.Find(w.T.Context(), name)
	require.NoError(w.T, err)
	return user
}

// HalfDone types the password in a new browser, within a flow.
func (w *World) HalfDone() (*Browser, Page) {
	b := NewBrowser(w.T, w.Handler)
	p := b.Submit(b.Open("/begin"), "username", Ada, "password", AdaPassword)
	require.Equal(w.T, "/login/code", p.Address.Path, p.Text())
	return b, p
}

// JustSignedIn returns a browser in which Ada has just signed in.
func (w *World) JustSignedIn(phone Phone) *Browser {
	w.T.Helper()
	time.Sleep(time.Minute)
	b := NewBrowser(w.T, w.Handler)
	home := b.Submit(b.Submit(b.Open("/login"), "username", Ada, "password", AdaPassword), "code", phone.Code())
	require.Equal(w.T, "/account", home.Address.Path)
	return b
}

// Expose types wrong codes after the right password, as a stranger, and lets the wait pass.
func (w *World) Expose(email string) {
	w.T.Helper()
	time.Sleep(time.Minute)
	thief := NewBrowser(w.T, w.Handler)
	code := thief.Submit(thief.Open("/login"), "username", email, "password", AdaPassword)
	for range 5 {
		require.Equal(w.T, http.StatusUnprocessableEntity, thief.Submit(code, "code", "x").Status)
	}
	time.Sleep(time.Minute)
}

// Mailed returns the newest mailed link to a page, sent to an e-mail address, without its origin.
func (w *World) Mailed(to, path string) string {
	w.T.Helper()
	mails, err := w.Store.Outbox.List(w.T.Context(), 100)
	require.NoError(w.T, err)
	link := regexp.MustCompile(regexp.QuoteMeta(Origin+path) + `\?ticket=[A-Za-z0-9_-]{43}(&flow=[A-Z2-7]{26})?`)
	for _, m := range mails {
		if found := link.FindString(m.Body); found != "" && m.Recipient == to {
			return strings.TrimPrefix(found, Origin)
		}
	}
	require.Fail(w.T, "no mail", "to %s with a link to %s", to, path)
	return ""
}

// Told returns the number of messages to an e-mail address that contain a text.
func (w *World) Told(to, what string) int {
	w.T.Helper()
	mails, err := w.Store.Outbox.List(w.T.Context(), 1000)
	require.NoError(w.T, err)
	count := 0
	for _, m := range mails {
		if m.Recipient == to && strings.Contains(m.Subject+m.Body, what) {
			count++
		}
	}
	return count
}
