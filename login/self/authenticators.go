package self

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showAuthenticators is GET /account/authenticators.
func (p *Pages) showAuthenticators(c *gin.Context) error {
	return p.authenticatorList(c, form.Shown())
}

func (p *Pages) authenticatorList(c *gin.Context, answer form.Answer) error {
	signIn, err := p.signedIn(c, "authenticators")
	if err != nil {
		return err
	}
	present, err := p.cfg.Account.Authenticators(c.Request.Context(), signIn)
	if err != nil {
		return err
	}
	view := templates.Authenticators{
		AccountPage: withMessage(p.accountPage(c, signIn, "authenticators"), answer.Message), Full: len(present) >= account.MaxAuthenticators,
	}
	for _, a := range present {
		view.Authenticators = append(view.Authenticators, authenticatorView(a))
	}
	return p.cfg.Pages.Render(c, answer.Status, view)
}

func authenticatorView(a storage.Authenticator) templates.Authenticator {
	return templates.Authenticator{ID: a.ID, Name: a.Name, AddedAt: a.CreatedAt, LastUsedAt: a.LastUsedAt}
}

// authenticator returns the authenticator that a query parameter names, or storage.ErrNotFound.
func (p *Pages) authenticator(c *gin.Context, who storage.SignIn, parameter string) (storage.Authenticator, error) {
	present, err := p.cfg.Account.Authenticators(c.Request.Context(), who)
	if err != nil {
		return storage.Authenticator{}, err
	}
	i := slices.IndexFunc(present, func(a storage.Authenticator) bool { return a.ID == c.Query(parameter) })
	if i < 0 {
		return storage.Authenticator{}, storage.ErrNotFound
	}
	return present[i], nil
}

// refuseChange answers if a change of the factors is refused, and passes other errors on.
func (p *Pages) refuseChange(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrStartAgain):
		return p.signInFirst(c, "authenticators")
	case errors.Is(err, storage.ErrNotFound):
		return p.authenticatorList(c, form.Answer{Status: http.StatusNotFound, Message: templates.T("authenticators.gone")})
	case errors.Is(err, account.ErrLastAuthenticator):
		return p.authenticatorList(c, form.Answer{Status: http.StatusConflict, Message: templates.T("authenticators.last")})
	case errors.Is(err, account.ErrTooMany):
		return p.authenticatorList(c, form.Answer{Status: http.StatusConflict, Message: templates.T("authenticators.full")})
	}
	return err
}

// showRename is GET /account/authenticators/rename.
func (p *Pages) showRename(c *gin.Context) error {
	signIn, err := p.signedIn(c, "authenticators")
	if err != nil {
		return err
	}
	a, err := p.authenticator(c, signIn, "id")
	if err != nil {
		return p.refuseChange(c, err)
	}
	return p.cfg.Pages.Render(c, http.StatusOK, templates.RenameAuthenticator{
		AccountPage: p.accountPage(c, signIn, "authenticators"), Name: a.Name,
	})
}

// rename is POST /account/authenticators/rename. It needs no recent sign-in, because a name gives no access.
func (p *Pages) rename(c *gin.Context) error {
	signIn, err := p.signedIn(c, "authenticators")
	if err != nil {
		return err
	}
	name := c.Request.PostForm.Get("name")
	err = p.cfg.Account.RenameAuthenticator(c.Request.Context(), signIn, c.Query("id"), name, p.cfg.Sessions.Visitor(c), time.Now())
	var invalid *identity.InvalidError
	switch {
	case err == nil:
		return p.redirectDone(c, "authenticators", "renamed")
	case errors.As(err, &invalid):
		return p.cfg.Pages.Render(c, http.StatusUnprocessableEntity, templates.RenameAuthenticator{
			AccountPage: withMessage(p.accountPage(c, signIn, "authenticators"), templates.T("authenticators.long_name")), Name: name,
		})
	}
	return p.refuseChange(c, err)
}

// showRemoval is GET /account/authenticators/remove.
func (p *Pages) showRemoval(c *gin.Context) error {
	who, err := p.changer(c, "authenticators")
	if err != nil {
		return err
	}
	a, err := p.authenticator(c, who.SignIn(), "id")
	if err != nil {
		return p.refuseChange(c, err)
	}
	return p.cfg.Pages.Render(c, http.StatusOK, templates.RemoveAuthenticator{
		AccountPage: p.accountPage(c, who.SignIn(), "authenticators"), Authenticator: authenticatorView(a),
	})
}

// remove is POST /account/authenticators/remove.
func (p *Pages) remove(c *gin.Context) error {
	who, err := p.changer(c, "authenticators")
	if err != nil {
		return err
	}
	err = p.cfg.Account.RemoveAuthenticator(c.Request.Context(), who, c.Query("id"), p.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return p.refuseChange(c, err)
	}
	return p.redirectDone(c, "authenticators", "removed")
}
