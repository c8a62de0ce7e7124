package login

import (
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/templates"
)

// link describes the mailed one-time links of one purpose. Opening a link changes nothing, because programs that scan mail follow links
// too; a button on its page makes the change. A link is never valid for another purpose.
type link struct {
	path   string         // path of its page
	cookie browser.Cookie // holds the secret while its page is open
	title  string         // translation key of the title of the page for a link that was used or is too old
	over   string         // translation key of what that page says
	renews bool           // whether that page offers to mail another link
}

var (
	invitationLink   = link{path: "/invite", cookie: browser.InvitationLink, title: "invite.over_title", over: "invite.over"}
	verificationLink = link{path: "/verify", cookie: browser.VerificationLink, title: "verify.over_title", over: "verify.over"}
	resetLink        = link{path: "/reset/new", cookie: browser.ResetLink, title: "reset.over_title", over: "reset.over", renews: true}
	disownLink       = link{path: "/reset/not-me", cookie: browser.DisownLink, title: "reset.over_title", over: "reset.disown_over", renews: true}
)

// opened returns the handler that opens links. It moves the secret from the URL to a cookie at once, so that it does not get into the
// browser's history, screenshots or Referer headers. Without a secret in the URL, it shows the page.
func (l *Login) opened(k link, show func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		secret := c.Query("ticket")
		switch {
		case secret == "":
			return show(c)
		case len(secret) != browser.SecretLength:
			return l.linkOver(c, k)
		}
		l.cfg.Sessions.Set(c.Writer, k.cookie, secret)
		request, err := l.optionalRequest(c)
		if err != nil {
			return err
		}
		c.Redirect(http.StatusSeeOther, l.at(k.path, request.destination))
		return nil
	}
}

// secret returns the secret of the link that the browser has opened, or "" if it has opened no link.
func (l *Login) secret(c *gin.Context, k link) string { return l.cfg.Sessions.Get(c.Request, k.cookie) }

// linkOver shows the page for a link that was used or is too old.
func (l *Login) linkOver(c *gin.Context, k link) error {
	l.cfg.Sessions.Clear(c.Writer, k.cookie)
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	view := templates.Message{
		Page: request.page(templates.Text{}), Title: templates.T(k.title), Text: templates.T(k.over),
		LinkURL: l.signInURL(request), LinkText: templates.T("invite.sign_in_instead"),
	}
	if k.renews {
		view.LinkURL, view.LinkText = l.at("/reset", request.destination), templates.T("reset.again")
	}
	return l.cfg.Pages.Render(c, http.StatusGone, view)
}

// redirectMailed redirects to the page that says where a message was sent: to what was typed, whether or not such an account exists.
func (l *Login) redirectMailed(c *gin.Context, page, typed string) error {
	l.cfg.Sessions.Set(c.Writer, browser.Mailed, base64.RawURLEncoding.EncodeToString([]byte(typed)))
	return l.next(c, page)
}

// mailedTo returns what was typed, or "" if this browser has not asked for a message within the last minutes.
func (l *Login) mailedTo(c *gin.Context) string {
	typed, err := base64.RawURLEncoding.DecodeString(l.cfg.Sessions.Get(c.Request, browser.Mailed))
	if err != nil || !utf8.Valid(typed) {
		return ""
	}
	return string(typed)
}
