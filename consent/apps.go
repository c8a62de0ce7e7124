package consent

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// person returns the complete sign-in of the browser; storage.ErrNotFound when there is none, and the browser was sent to sign in and
// come back.
func (p *Consent) person(c *gin.Context) (storage.SignIn, error) {
	signIn, err := p.cfg.Visitor.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		c.Redirect(http.StatusSeeOther, p.cfg.BasePath+"/login?to=apps")
	}
	return signIn, err
}

// showApps is GET /account/apps.
func (p *Consent) showApps(c *gin.Context) error {
	signIn, err := p.person(c)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	apps, err := p.cfg.Store.Apps(c.Request.Context(), signIn.User().ID, time.Now())
	if err != nil {
		return err
	}
	name, _ := signIn.User().Claims["name"].(string)
	view := templates.Apps{AccountPage: templates.AccountPage{
		Person: templates.Person{Name: name, Email: signIn.User().Email}, Section: "apps", FormKey: p.cfg.Store.AccountFormKey(signIn.User()),
	}}
	if c.Query("done") == "app" {
		view.Done = templates.T("apps.done")
	}
	for _, app := range apps {
		shown, err := p.cfg.Client(c.Request.Context(), app.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue // removed in this moment
		}
		if err != nil {
			return err
		}
		view.Apps = append(view.Apps, p.access(app, shown))
	}
	return p.cfg.Pages.Render(c, http.StatusOK, view)
}

func (p *Consent) access(app storage.App, shown App) templates.AppAccess {
	view := templates.AppAccess{
		App: shown.App, ClientID: app.ClientID, Since: app.ConsentedAt, UsedAt: app.UsedAt, Unasked: shown.Unasked && !app.Consented,
		Scopes: p.cfg.Words(app.Access, storage.User{}),
	}
	if !app.Consented {
		view.Since = app.GrantedAt
	}
	return view
}

// withdraw is POST /account/apps.
func (p *Consent) withdraw(c *gin.Context) error {
	signIn, err := p.person(c)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if shown := c.Request.PostForm.Get("shown"); shown != "" && shown != p.cfg.Store.AccountFormKey(signIn.User()) { // the list is another person's
		c.Redirect(http.StatusSeeOther, p.cfg.BasePath+"/account/apps")
		return nil
	}
	err = p.ledger.withdraw(c.Request.Context(), signIn.User().ID, c.Request.PostForm.Get("client"), c.ClientIP(), time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errNoAccess
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, p.cfg.BasePath+"/account/apps?done=app")
	return nil
}
