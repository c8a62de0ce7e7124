package self

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
func (p *Pages) showSessions(c *gin.Context) error {
	signIn, err := p.signedIn(c, "sessions")
	if err != nil {
		return err
	}
	sessions, err := p.cfg.Account.Sessions(c.Request.Context(), signIn.User().ID, time.Now())
	if err != nil {
		return err
	}
	view := templates.Sessions{AccountPage: p.accountPage(c, signIn, "sessions")}
	for _, s := range sessions {
		view.Sessions = append(view.Sessions, templates.Session{
			ID: s.ID, Browser: templates.BrowserText(s.Browser), Address: s.ClientIP, SignedInAt: s.CompletedAt.Time, LastSeenAt: s.LastSeenAt.Time,
			Here: s.ID == signIn.ID(),
		})
	}
	return p.cfg.Pages.Render(c, http.StatusOK, view)
}

// endSessions is POST /account/sessions. It ends one session, or all except the current one.
func (p *Pages) endSessions(c *gin.Context) error {
	signIn, err := p.signedIn(c, "sessions")
	if err != nil {
		return err
	}
	if c.Request.PostForm.Get("others") == "yes" {
		return p.endOtherSessions(c, signIn)
	}
	err = p.cfg.Account.EndOwnSession(c.Request.Context(), signIn.User().ID, c.Request.PostForm.Get("session"), p.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	return p.redirectDone(c, "sessions", "session")
}

func (p *Pages) endOtherSessions(c *gin.Context, signIn storage.SignIn) error {
	device, err := p.cfg.Account.EndOtherSessions(c.Request.Context(), signIn, p.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, account.ErrStartAgain) {
		return p.signInFirst(c, "sessions")
	}
	if err != nil {
		return err
	}
	p.cfg.Sessions.Trust(c.Writer, device)
	return p.redirectDone(c, "sessions", "sessions")
}
