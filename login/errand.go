package login

import (
	"encoding/base64"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// An errand is what a person does on the way to a sign-in or beside it, by mail at times: to register, to choose a new password, to enrol an
// authenticator. It can be finished without the request in progress from which it began.

// errand returns the request that the address names. In the browser that began it, one that is over still has its app; in any other, where a
// mailed link may be opened, there is no request.
func (l *Login) errand(c *gin.Context) (request, error) {
	found, err := l.request(c)
	if !errors.Is(err, errExpired) {
		return found, err
	}
	app, err := l.cfg.App(c.Request.Context(), l.cfg.Sessions.ClientOf(c.Request, c.Query("flow")))
	if errors.Is(err, storage.ErrNotFound) {
		return request{}, nil
	}
	if err != nil {
		return request{}, err
	}
	templates.ForApp(c, app)
	return request{way: wayOf(c), Request: Request{App: app}, over: true}, nil
}

// signInURL returns where a person signs in who has done an errand: for a request that is over, its app begins anew.
func (l *Login) signInURL(r request) string {
	switch {
	case !r.over:
		return l.at("/login", r.way)
	case r.App.Start() != "":
		return r.App.Start()
	}
	return l.at("/login", way{})
}

// withSignIn adds the button to a message that leads to the sign-in.
func (l *Login) withSignIn(r request, m templates.Message) templates.Message {
	m.Page, m.LinkURL = r.page(templates.Text{}), l.signInURL(r)
	switch {
	case m.LinkText.Key != "":
	case r.App.Name != "":
		m.LinkText = templates.T("common.continue_to", "App", r.App.Name)
	default:
		m.LinkText = templates.T("common.sign_in")
	}
	return m
}

// errandMessage shows a message that leads to the sign-in.
func (l *Login) errandMessage(c *gin.Context, status int, m templates.Message) error {
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, status, l.withSignIn(request, m))
}

// mailed sends the browser to the page that says where a message went: to what was typed, whoever that is.
func (l *Login) mailed(c *gin.Context, page, typed string) error {
	l.cfg.Sessions.Set(c.Writer, browser.Mailed, base64.RawURLEncoding.EncodeToString([]byte(typed)))
	return l.next(c, page)
}

// mailedTo returns what was typed; empty when this browser has not asked lately.
func (l *Login) mailedTo(c *gin.Context) string {
	typed, err := base64.RawURLEncoding.DecodeString(l.cfg.Sessions.Get(c.Request, browser.Mailed))
	if err != nil || !utf8.Valid(typed) {
		return ""
	}
	return string(typed)
}

// withoutSecret sends the browser from the address of a mailed link to that of its page.
func (l *Login) withoutSecret(c *gin.Context, path string) error {
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, l.at(path, request.way))
	return nil
}
