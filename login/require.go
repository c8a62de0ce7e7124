package login

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
)

// errSent: the browser was sent elsewhere, so the handler has nothing more to do.
var errSent = errors.New("the answer is a redirect")

// sections are the pages about the account to which a sign-in may lead back, by the last part of their address. A request
// names one of them, never an address.
var sections = []string{"profile", "email", "password", "authenticators", "authenticators/new", "codes", "codes/new", "sessions", "apps", "activity", "data", "close"}

// signedIn returns the complete sign-in of the browser; errSent when there is none and the browser was sent to sign in and
// come back to the section. A form that was shown to another person, who was signed in before in this browser, is answered with the page of
// the present one.
func (l *Login) signedIn(c *gin.Context, section string) (storage.SignIn, error) {
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		return storage.SignIn{}, l.signInFirst(c, section)
	}
	if err != nil {
		return storage.SignIn{}, err
	}
	if shown := c.Request.PostForm.Get("shown"); shown != "" && shown != l.cfg.Sessions.FormKey(signIn) {
		c.Redirect(http.StatusSeeOther, l.cfg.BasePath+"/account/"+section)
		return storage.SignIn{}, errSent
	}
	c.Request.PostForm.Del("shown") // the rest is what the page asks for
	return signIn, nil
}

// recently is signedIn for what only its owner may do: both factors were shown within the last ten minutes. Else the browser
// is sent through password and code, and comes back to the section.
func (l *Login) recently(c *gin.Context, section string) (account.Fresh, error) {
	signIn, err := l.signedIn(c, section)
	if err != nil {
		return account.Fresh{}, err
	}
	fresh, ok := account.FreshSignIn(signIn, time.Now())
	if !ok {
		return account.Fresh{}, l.signInFirst(c, section)
	}
	return fresh, nil
}

// signInFirst sends the browser to the sign-in page, from where it comes back to the section.
func (l *Login) signInFirst(c *gin.Context, section string) error {
	c.Redirect(http.StatusSeeOther, l.at("/login", way{section: section}))
	return errSent
}

// section returns the section that the address names, if any.
func section(c *gin.Context) string {
	if to := c.Query("to"); slices.Contains(sections, to) {
		return to
	}
	return ""
}

// orSent ends a handler whose browser was sent elsewhere.
func orSent(handler func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := handler(c); !errors.Is(err, errSent) {
			return err
		}
		return nil
	}
}
