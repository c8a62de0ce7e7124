package self

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// errRedirected: the browser was redirected, so the handler has nothing more to do.
var errRedirected = errors.New("the answer is a redirect")

// orRedirected returns a handler that ignores errRedirected.
func orRedirected(handler func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := handler(c); !errors.Is(err, errRedirected) {
			return err
		}
		return nil
	}
}

// signedIn returns the complete sign-in of the browser. Without one it redirects to the sign-in, which leads back to the section, and
// returns errRedirected. If a form was shown to another person, who was signed in in this browser before, it redirects to the page of the
// current person.
func (p *Pages) signedIn(c *gin.Context, section string) (storage.SignIn, error) {
	signIn, err := p.cfg.Sessions.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		return storage.SignIn{}, p.signInFirst(c, section)
	}
	if err != nil {
		return storage.SignIn{}, err
	}
	if shown := c.Request.PostForm.Get("shown"); shown != "" && shown != p.cfg.Sessions.FormKey(signIn) {
		c.Redirect(http.StatusSeeOther, p.at("/account/"+section))
		return storage.SignIn{}, errRedirected
	}
	c.Request.PostForm.Del("shown") // the rest of the query belongs to the page
	return signIn, nil
}

// freshSignIn is signedIn for sensitive pages: the sign-in must have been completed within the last ten minutes. Otherwise the browser is
// redirected to the sign-in, which asks for both factors and leads back to the section.
func (p *Pages) freshSignIn(c *gin.Context, section string) (self.Fresh, error) {
	signIn, err := p.signedIn(c, section)
	if err != nil {
		return self.Fresh{}, err
	}
	fresh, ok := self.FreshSignIn(signIn, time.Now())
	if !ok {
		return self.Fresh{}, p.signInFirst(c, section)
	}
	return fresh, nil
}

// changer returns the permission to change the factors of the account. If there is none, it redirects the browser to the sign-in, which
// leads back to the section, or to the enrolment if the session was opened with a recovery code.
func (p *Pages) changer(c *gin.Context, section string) (self.Changer, error) {
	fresh, err := p.freshSignIn(c, section)
	if err != nil {
		return self.Changer{}, err
	}
	who, err := self.NewChanger(fresh, p.cfg.Sessions.BrowserSecret(c.Writer, c.Request))
	if errors.Is(err, account.ErrRecovered) {
		c.Redirect(http.StatusSeeOther, p.at("/login/enroll"))
		return who, errRedirected
	}
	return who, err
}

// signInFirst redirects to the sign-in page, which leads back to the section.
func (p *Pages) signInFirst(c *gin.Context, section string) error {
	c.Redirect(http.StatusSeeOther, p.at("/login?"+url.Values{"to": {section}}.Encode()))
	return errRedirected
}

// doneTexts are the messages about what was just done. The query of a page names one of them.
var doneTexts = map[string]templates.Text{
	"profile":  templates.T("profile.done"),
	"password": templates.T("passwordpage.done"),
	"verify":   templates.T("emailpage.sent"),
	"session":  templates.T("sessions.done_one"),
	"sessions": templates.T("sessions.done_others"),
	"app":      templates.T("apps.done"),
	"added":    templates.T("authenticators.done_added"),
	"replaced": templates.T("authenticators.done_replaced"),
	"renamed":  templates.T("authenticators.done_renamed"),
	"removed":  templates.T("authenticators.done_removed"),
	"codes":    templates.T("recoverycodes.done"),
}

// accountPage returns the part that all account views share.
func (p *Pages) accountPage(c *gin.Context, signIn storage.SignIn, section string) templates.AccountPage {
	return templates.AccountPage{
		Person: form.Person(signIn.User()), Section: section, Done: doneTexts[c.Query("done")], FormKey: p.cfg.Sessions.FormKey(signIn),
	}
}

// withMessage returns that part with a message about what is wrong.
func withMessage(page templates.AccountPage, message templates.Text) templates.AccountPage {
	page.Error = message
	return page
}

// redirectDone redirects to a section, which shows the message done, a key of doneTexts.
func (p *Pages) redirectDone(c *gin.Context, section, done string) error {
	c.Redirect(http.StatusSeeOther, p.at("/account/"+section+"?"+url.Values{"done": {done}}.Encode()))
	return nil
}
