package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showSessions is GET /account/sessions.
func (l *Login) showSessions(c *gin.Context) error {
	signIn, err := l.signedIn(c, "sessions")
	if err != nil {
		return err
	}
	_, sessions, err := l.cfg.Account.Sessions(c.Request.Context(), signIn.User().ID, time.Now())
	if err != nil {
		return err
	}
	view := templates.Sessions{AccountPage: l.accountPage(c, signIn, "sessions")}
	for _, s := range sessions {
		view.Sessions = append(view.Sessions, templates.Session{
			ID: s.ID, Browser: templates.BrowserText(s.Browser), Address: s.Address, SignedInAt: s.CompletedAt.Time, LastSeenAt: s.LastSeenAt.Time,
			Here: s.ID == signIn.ID(),
		})
	}
	return l.cfg.Pages.Render(c, http.StatusOK, view)
}

// endSessions is POST /account/sessions: it ends one or all but this one.
func (l *Login) endSessions(c *gin.Context) error {
	signIn, err := l.signedIn(c, "sessions")
	if err != nil {
		return err
	}
	if c.Request.PostForm.Get("others") == "yes" {
		return l.endOtherSessions(c, signIn)
	}
	err = l.cfg.Account.EndOwnSession(c.Request.Context(), signIn.User().ID, c.Request.PostForm.Get("session"), l.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errNotTheirs
	}
	if err != nil {
		return err
	}
	return l.did(c, "sessions", "session")
}

func (l *Login) endOtherSessions(c *gin.Context, signIn storage.SignIn) error {
	device, err := l.cfg.Account.EndOtherSessions(c.Request.Context(), signIn, l.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, account.ErrStartAgain) {
		return l.signInFirst(c, "sessions")
	}
	if err != nil {
		return err
	}
	l.cfg.Sessions.Trust(c.Writer, device)
	return l.did(c, "sessions", "sessions")
}
