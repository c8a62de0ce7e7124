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

// showClose is GET /account/close.
func (l *Login) showClose(c *gin.Context) error {
	who, err := l.recently(c, "close")
	if err != nil {
		return err
	}
	return l.askClose(c, who, http.StatusOK, templates.Text{})
}

func (l *Login) askClose(c *gin.Context, who account.Fresh, status int, message templates.Text) error {
	view := templates.Close{AccountPage: l.accountPage(c, who.SignIn(), "close")}
	view.Error = message
	return l.cfg.Pages.Render(c, status, view)
}

// closeAccount is POST /account/close.
func (l *Login) closeAccount(c *gin.Context) error {
	who, err := l.recently(c, "close")
	if err != nil {
		return err
	}
	if c.Request.PostForm.Get("understood") != "yes" {
		return l.askClose(c, who, http.StatusUnprocessableEntity, templates.T("close.unticked"))
	}
	err = l.cfg.Account.Close(c.Request.Context(), who, l.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, account.ErrLastAdmin) {
		return l.askClose(c, who, http.StatusUnprocessableEntity, templates.T("close.last_admin"))
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) { // closed in another tab
		return err
	}
	l.cfg.Sessions.Forget(c.Writer)
	l.cfg.Sessions.Distrust(c.Writer)
	c.Redirect(http.StatusSeeOther, l.cfg.BasePath+"/account/closed")
	return nil
}

// showClosed is GET /account/closed, for anybody: it says nothing of whose account it was.
func (l *Login) showClosed(c *gin.Context) error {
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Closed{})
}
