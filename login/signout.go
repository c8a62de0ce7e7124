package login

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showSignOut is GET /logout: it asks, and confirms when nobody is signed in any more.
func (l *Login) showSignOut(c *gin.Context) error {
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	user := signIn.User()
	if errors.Is(err, storage.ErrNotFound) {
		held, heldErr := l.cfg.Sessions.held(c.Request)
		user, err = held.User(), heldErr
	}
	if errors.Is(err, storage.ErrNotFound) {
		return l.cfg.Pages.Render(c, http.StatusOK, templates.SignedOut{})
	}
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.SignOut{Person: person(user)})
}

// signOut is POST /logout.
func (l *Login) signOut(c *gin.Context) error {
	if err := l.cfg.Sessions.End(c.Request.Context(), c.Writer, c.Request); err != nil {
		return err
	}
	return l.next(c, "/logout")
}
