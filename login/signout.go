package login

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showSignOut is GET /logout. It asks for confirmation, or says that nobody is signed in.
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

// signOut is POST /logout. It first shows the front-channel logout URIs of apps in frames.
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
