package login

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// errExpired: the request that the query names is over, or belongs to another browser.
var errExpired = errors.New("request in progress is over")

// orExpired shows the page for a flow that is over.
func (l *Login) orExpired(handler func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		err := handler(c)
		if errors.Is(err, errExpired) {
			return l.cfg.Provider.Over(c)
		}
		return err
	}
}

// destination is where a sign-in leads: to a request in progress, to a section of the account pages, or, if it is the zero value, to their
// overview.
type destination struct{ flow, section string }

// destinationOf returns the destination that the query names.
func (l *Login) destinationOf(c *gin.Context) destination {
	d := destination{flow: c.Query("flow")}
	if to := c.Query("to"); slices.Contains(l.cfg.Sections, to) {
		d.section = to
	}
	return d
}

// request is the request in progress that a page belongs to. The zero value is for a page without one.
type request struct {
	destination
	Request
	over bool
}

// request returns the request that the query names, or errExpired.
func (l *Login) request(c *gin.Context) (request, error) {
	id := c.Query("flow")
	if id == "" {
		return request{destination: l.destinationOf(c)}, nil
	}
	if !storage.IsID(id) {
		return request{}, errExpired
	}
	flow, err := l.cfg.Provider.Flows.ByID(c.Request.Context(), id, l.cfg.Sessions.Browser(c.Writer, c.Request), time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return request{}, errExpired
	}
	if err != nil {
		return request{}, err
	}
	described, err := l.cfg.Provider.Describe(c.Request.Context(), flow)
	if err != nil {
		return request{}, err
	}
	templates.ForApp(c, described.App)
	templates.ForLocales(c, described.Locales)
	return request{destination: destination{flow: id}, Request: described}, nil
}

// optionalRequest is request for pages that can be finished when the request in progress is over, because they take time or a mailed link:
// sign-up, a new password, enrolment. If the request is over, the browser that began it still knows the app; in any other browser, where a
// mailed link may be opened, there is no request.
func (l *Login) optionalRequest(c *gin.Context) (request, error) {
	found, err := l.request(c)
	if !errors.Is(err, errExpired) {
		return found, err
	}
	app, err := l.cfg.Provider.App(c.Request.Context(), l.cfg.Sessions.ClientOf(c.Request, c.Query("flow")))
	if errors.Is(err, storage.ErrNotFound) {
		return request{}, nil
	}
	if err != nil {
		return request{}, err
	}
	templates.ForApp(c, app)
	return request{destination: l.destinationOf(c), Request: Request{App: app}, over: true}, nil
}

// page returns the part that all views share, with the message about the form, if any.
func (r request) page(message templates.Text) templates.Page {
	page := templates.Page{App: r.App, Error: message}
	if r.RedirectURI != "" {
		page.FormTargets = []string{r.RedirectURI}
	}
	return page
}

// at returns the URL of a page of the issuer, with the destination in its query.
func (l *Login) at(path string, d destination) string {
	address := l.cfg.BasePath + path
	switch {
	case d.flow != "":
		address += "?" + url.Values{"flow": {d.flow}}.Encode()
	case d.section != "":
		address += "?" + url.Values{"to": {d.section}}.Encode()
	}
	return address
}

// cancelURL returns the URL of the page that cancels the request, or "" if there is no request.
func (l *Login) cancelURL(r request) string {
	if r.flow == "" {
		return ""
	}
	return l.at("/login/cancel", r.destination)
}

// signInURL returns where a person signs in after a page that can be finished without the request. If the request is over, that is the app,
// which begins a new one.
func (l *Login) signInURL(r request) string {
	switch {
	case !r.over:
		return l.at("/login", r.destination)
	case r.App.Start() != "":
		return r.App.Start()
	}
	return l.at("/login", destination{})
}

// signInMessage shows a message whose button leads to the sign-in.
func (l *Login) signInMessage(c *gin.Context, status int, m templates.Message) error {
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	m.Page, m.LinkURL = request.page(templates.Text{}), l.signInURL(request)
	switch {
	case m.LinkText.Key != "":
	case request.App.Name != "":
		m.LinkText = templates.T("common.continue_to", "App", request.App.Name)
	default:
		m.LinkText = templates.T("common.sign_in")
	}
	return l.cfg.Pages.Render(c, status, m)
}

// next sends the browser to another page with the same destination.
func (l *Login) next(c *gin.Context, path string) error {
	c.Redirect(http.StatusSeeOther, l.at(path, l.destinationOf(c)))
	return nil
}

// arrivalURL returns the URL of the destination of a signed-in person.
func (l *Login) arrivalURL(d destination) string {
	switch {
	case d.flow != "":
		return l.cfg.Provider.ContinueURL + "?" + url.Values{"flow": {d.flow}}.Encode()
	case d.section != "":
		return l.cfg.BasePath + "/account/" + d.section
	}
	return l.cfg.BasePath + "/account"
}

// arrive sends the browser of a signed-in person to the destination.
func (l *Login) arrive(c *gin.Context) error {
	c.Redirect(http.StatusSeeOther, l.arrivalURL(l.destinationOf(c)))
	return nil
}

// complete stores a sign-in after both factors and redirects: to the new password if the sign-in is held, to the enrolment if one is
// required, or else to the destination.
func (l *Login) complete(c *gin.Context, done account.Done) error {
	l.cfg.Sessions.Complete(c.Writer, done)
	switch {
	case done.Held:
		return l.next(c, "/login/password")
	case done.MustEnrol:
		return l.next(c, "/login/enroll")
	}
	return l.arrive(c)
}
