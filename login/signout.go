package login

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showSignOut is GET /logout. It asks, and when nobody is signed in any more it says so.
func (l *Login) showSignOut(c *gin.Context) error {
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	user := signIn.User()
	if errors.Is(err, storage.ErrNotFound) {
		_, user, err = l.waiting(c.Request)
	}
	if errors.Is(err, storage.ErrNotFound) {
		request, err := l.optionalRequest(c)
		if err != nil {
			return err
		}
		return l.cfg.Pages.Render(c, http.StatusOK, templates.SignedOut{Page: request.page(templates.Text{})})
	}
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.SignOut{Person: form.Person(user)})
}

// signOut is POST /logout. First come the pages of apps with a front-channel logout URI.
func (l *Login) signOut(c *gin.Context) error {
	ctx := c.Request.Context()
	left, err := l.cfg.Sessions.End(ctx, c.Writer, c.Request)
	if err != nil {
		return err
	}
	frames, err := l.cfg.Provider.Frames(ctx, left)
	if err != nil {
		return err
	}
	if len(frames) == 0 {
		return l.next(c, "/logout")
	}
	return l.cfg.Pages.SigningOut(c, templates.SigningOut{Frames: frames, NextURL: l.at("/logout", l.destinationOf(c))})
}
