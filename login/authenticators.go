package login

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

const authenticatorsPage = "/account/authenticators"

// changer returns who may change the factors in this browser, else the browser was sent elsewhere: to sign in and come back to the section,
// or to enrol, when a recovery code has opened the session.
func (l *Login) changer(c *gin.Context, section string) (account.Changer, error) {
	fresh, err := l.recently(c, section)
	if err != nil {
		return account.Changer{}, err
	}
	who, err := account.NewChanger(fresh, l.cfg.Sessions.BrowserSecret(c.Writer, c.Request))
	if errors.Is(err, account.ErrRecovered) {
		c.Redirect(http.StatusSeeOther, l.at("/login/enroll", way{}))
		return who, errSent
	}
	return who, err
}

// withMessage returns an account page with what is wrong.
func withMessage(page templates.AccountPage, message templates.Text) templates.AccountPage {
	page.Error = message
	return page
}

// showAuthenticators is GET /account/authenticators.
func (l *Login) showAuthenticators(c *gin.Context) error {
	return l.showAuthenticatorsPage(c, http.StatusOK, templates.Text{})
}

func (l *Login) showAuthenticatorsPage(c *gin.Context, status int, message templates.Text) error {
	signIn, err := l.signedIn(c, "authenticators")
	if err != nil {
		return err
	}
	present, err := l.cfg.Account.Authenticators(c.Request.Context(), signIn)
	if err != nil {
		return err
	}
	view := templates.Authenticators{
		AccountPage: withMessage(l.accountPage(c, signIn, "authenticators"), message), Full: len(present) >= account.MaxAuthenticators,
	}
	for _, a := range present {
		view.Authenticators = append(view.Authenticators, authenticatorView(a))
	}
	return l.cfg.Pages.Render(c, status, view)
}

func authenticatorView(a storage.Authenticator) templates.Authenticator {
	return templates.Authenticator{ID: a.ID, Name: a.Name, AddedAt: a.CreatedAt, LastUsedAt: a.LastUsedAt}
}

// authenticator returns the authenticator that the address names, else storage.ErrNotFound.
func (l *Login) authenticator(c *gin.Context, who storage.SignIn, parameter string) (storage.Authenticator, error) {
	present, err := l.cfg.Account.Authenticators(c.Request.Context(), who)
	if err != nil {
		return storage.Authenticator{}, err
	}
	i := slices.IndexFunc(present, func(a storage.Authenticator) bool { return a.ID == c.Query(parameter) })
	if i < 0 {
		return storage.Authenticator{}, storage.ErrNotFound
	}
	return present[i], nil
}

// mayNotChange answers a change of the factors that cannot be, and passes other errors on.
func (l *Login) mayNotChange(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrStartAgain):
		return l.signInFirst(c, "authenticators")
	case errors.Is(err, storage.ErrNotFound):
		return l.showAuthenticatorsPage(c, http.StatusNotFound, templates.T("authenticators.gone"))
	case errors.Is(err, account.ErrLastAuthenticator):
		return l.showAuthenticatorsPage(c, http.StatusConflict, templates.T("authenticators.last"))
	case errors.Is(err, account.ErrTooMany):
		return l.showAuthenticatorsPage(c, http.StatusConflict, templates.T("authenticators.full"))
	}
	return err
}

// showRename is GET /account/authenticators/rename.
func (l *Login) showRename(c *gin.Context) error {
	signIn, err := l.signedIn(c, "authenticators")
	if err != nil {
		return err
	}
	a, err := l.authenticator(c, signIn, "id")
	if err != nil {
		return l.mayNotChange(c, err)
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.RenameAuthenticator{
		AccountPage: l.accountPage(c, signIn, "authenticators"), Name: a.Name,
	})
}

// rename is POST /account/authenticators/rename. It needs no recent sign-in: a name opens nothing.
func (l *Login) rename(c *gin.Context) error {
	signIn, err := l.signedIn(c, "authenticators")
	if err != nil {
		return err
	}
	name := c.Request.PostForm.Get("name")
	err = l.cfg.Account.RenameAuthenticator(c.Request.Context(), signIn, c.Query("id"), name, l.cfg.Sessions.Visitor(c), time.Now())
	var invalid *account.InvalidError
	switch {
	case err == nil:
		return l.did(c, "authenticators", "renamed")
	case errors.As(err, &invalid):
		return l.cfg.Pages.Render(c, http.StatusUnprocessableEntity, templates.RenameAuthenticator{
			AccountPage: withMessage(l.accountPage(c, signIn, "authenticators"), templates.T("authenticators.long_name")), Name: name,
		})
	}
	return l.mayNotChange(c, err)
}

// showRemoval is GET /account/authenticators/remove.
func (l *Login) showRemoval(c *gin.Context) error {
	who, err := l.changer(c, "authenticators")
	if err != nil {
		return err
	}
	a, err := l.authenticator(c, who.SignIn(), "id")
	if err != nil {
		return l.mayNotChange(c, err)
	}
	return l.cfg.Pages.Render(c, http.StatusOK, templates.RemoveAuthenticator{
		AccountPage: l.accountPage(c, who.SignIn(), "authenticators"), Authenticator: authenticatorView(a),
	})
}

// remove is POST /account/authenticators/remove.
func (l *Login) remove(c *gin.Context) error {
	who, err := l.changer(c, "authenticators")
	if err != nil {
		return err
	}
	err = l.cfg.Account.RemoveAuthenticator(c.Request.Context(), who, c.Query("id"), l.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return l.mayNotChange(c, err)
	}
	return l.did(c, "authenticators", "removed")
}
