package login

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showHome is GET /account.
func (l *Login) showHome(c *gin.Context) error {
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		return l.next(c, "/login")
	}
	if err != nil {
		return err
	}
	profile, err := l.cfg.Account.Show(c.Request.Context(), signIn.User().ID)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Home{
		Page: templates.Page{Action: l.at("/logout", way{})}, Person: person(signIn.User()),
		Authenticators: len(profile.Authenticators), RecoveryCodesLeft: profile.RecoveryCodesLeft,
	})
}

func person(user storage.User) templates.Person {
	name, _ := user.Claims["name"].(string)
	return templates.Person{Name: name, Email: user.Email}
}
