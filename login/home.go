package login

import (
	"errors"
	"net/http"
	"net/url"
	"time"

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
	user, now := signIn.User(), time.Now()
	overview, err := l.cfg.Account.Overview(c.Request.Context(), user.ID, now)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Home{
		AccountPage: l.accountPage(c, signIn, ""), Exposed: user.Exposed(), PasswordChangedAt: overview.PasswordChangedAt.Time,
		Authenticators: overview.Authenticators, RecoveryCodesLeft: overview.RecoveryCodesLeft,
		EmailVerified: user.EmailVerified, EmailChanging: user.EmailChanging(now), Sessions: overview.Sessions, Apps: overview.Apps,
	})
}

func person(user storage.User) templates.Person {
	name, _ := user.Claims["name"].(string)
	return templates.Person{Name: name, Email: user.Email}
}

// doneTexts say what was just done. The address of a page names one of them.
var doneTexts = map[string]templates.Text{
	"profile":  templates.T("profile.done"),
	"password": templates.T("passwordpage.done"),
	"verify":   templates.T("emailpage.sent"),
	"session":  templates.T("sessions.done_one"),
	"sessions": templates.T("sessions.done_others"),
	"added":    templates.T("authenticators.done_added"),
	"replaced": templates.T("authenticators.done_replaced"),
	"renamed":  templates.T("authenticators.done_renamed"),
	"removed":  templates.T("authenticators.done_removed"),
	"codes":    templates.T("recoverycodes.done"),
}

// accountPage returns what the pages about the account share.
func (l *Login) accountPage(c *gin.Context, signIn storage.SignIn, section string) templates.AccountPage {
	return templates.AccountPage{
		Person: person(signIn.User()), Section: section, Done: doneTexts[c.Query("done")], FormKey: l.cfg.Sessions.FormKey(signIn),
	}
}

// did sends the browser to a section, which says what was done: a key of doneTexts.
func (l *Login) did(c *gin.Context, section, what string) error {
	c.Redirect(http.StatusSeeOther, l.cfg.BasePath+"/account/"+section+"?"+url.Values{"done": {what}}.Encode())
	return nil
}
