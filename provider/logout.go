package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// logoutRequest is a request of a client to sign a person out (OIDC RP-Initiated Logout section 2) after validation.
type logoutRequest struct {
	form    url.Values
	client  *client.Client // nil: nobody says who asks
	hint    token.Hint
	hinted  bool   // hint is of a genuine ID token
	target  string // registered address to go on to; empty: none
	confirm bool   // the person has agreed on our page
}

// logout is the end session endpoint. Clients send browsers here, and the page that asks whether to sign out posts to it.
func (p *Provider) logout(c *gin.Context) error {
	form, err := oauth.QueryAndForm(c.Writer, c.Request)
	if err != nil {
		return err
	}
	confirmed := c.Request.Method == http.MethodPost && form.Get("confirm") == "yes"
	form.Del("confirm")
	if confirmed && http.NewCrossOriginProtection().Check(c.Request) != nil {
		view := templates.ErrorPage{Status: http.StatusForbidden, Title: templates.T("error.cross_title"), Message: templates.T("error.cross")}
		return p.pages.Render(c, view.Status, view)
	}
	if c.Request.Method == http.MethodPost && !confirmed {
		return page.ToOwnURL(c, p.cfg.Issuer+oauth.LogoutPath, form)
	}
	templates.ForLocales(c, oauth.Clip(form.Get("ui_locales"), 256))
	request, err := p.logoutRequest(c.Request.Context(), form, time.Now())
	if err != nil {
		return err
	}
	request.confirm = confirmed
	return p.signOut(c, request)
}

// logoutRequest finds out who asks and where the person shall go on to. An ID token that is not genuine counts as none.
func (p *Provider) logoutRequest(ctx context.Context, form url.Values, now time.Time) (*logoutRequest, error) {
	l := &logoutRequest{form: form}
	l.hint, l.hinted = p.tokens.ReadHint(form.Get("id_token_hint"), now)
	id := form.Get("client_id")
	switch {
	case l.hinted && id != "" && id != l.hint.Audience:
		return nil, oauth.Refuse(oauth.HintOfAnotherClient)
	case l.hinted:
		id = l.hint.Audience
	case id == "":
		return l, nil
	}
	var err error
	if l.client, err = p.page.ClientOf(ctx, id); err != nil {
		return nil, err
	}
	uri := form.Get("post_logout_redirect_uri")
	if uri == "" {
		return l, nil
	}
	if !slices.Contains(l.client.PostLogoutRedirectURIs, uri) {
		return nil, &page.Error{
			Refusal: oauth.Refuse(oauth.LogoutURIUnregistered).CompareURI(uri, l.client.PostLogoutRedirectURIs...),
			Title:   templates.T("error.return_title"), Message: templates.T("error.return", "App", l.client.Name), Received: uri,
		}
	}
	l.target = uri
	return l, nil
}

// signOut ends the sign-in of the browser if the request says by its ID token that it means this very one, and asks the person otherwise:
// anybody can make a link.
func (p *Provider) signOut(c *gin.Context, l *logoutRequest) error {
	signIn, err := p.signIns.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		// Nobody was asked, and an ID token of another person is enough to come here.
		if next := l.onward(); next != "" && !l.confirm && !l.client.Vouched() {
			return p.page.Leave(c, l.client, next, nil)
		}
		return p.signedOut(c, l)
	}
	if err != nil {
		return err
	}
	if !l.confirm && !p.means(l, signIn) {
		user := signIn.User()
		page := p.logoutPage(l)
		if l.target != "" {
			page.FormTargets = []string{l.target}
		}
		name, _ := user.Claims["name"].(string)
		return p.pages.Render(c, http.StatusOK, templates.SignOut{Page: page, Person: templates.Person{Name: name, Email: user.Email}})
	}
	return p.end(c, l)
}

// end ends the sign-in of the browser. Apps that learn of it there come before the way on.
func (p *Provider) end(c *gin.Context, l *logoutRequest) error {
	ctx := c.Request.Context()
	left, err := p.signIns.End(ctx, c.Writer, c.Request)
	if err != nil {
		return err
	}
	frames, err := p.Frames(ctx, left)
	if err != nil {
		return err
	}
	if len(frames) == 0 {
		return p.signedOut(c, l)
	}
	next := l.onward()
	if next == "" {
		next = p.cfg.Issuer + oauth.LogoutPath + l.again()
	}
	return p.pages.SigningOut(c, templates.SigningOut{Page: p.logoutPage(l), Frames: frames, NextURL: next})
}

// means reports whether the ID token of the request was issued in this sign-in.
func (p *Provider) means(l *logoutRequest, s storage.SignIn) bool {
	return l.hinted && l.hint.SID == p.tokens.SID(l.client, s.ID()) && l.hint.Subject == p.tokens.Subject(l.client, s.User().ID)
}

// signedOut sends the browser on to where the client wants it, or says that nobody is signed in.
func (p *Provider) signedOut(c *gin.Context, l *logoutRequest) error {
	next := l.onward()
	if next == "" {
		return p.pages.Render(c, http.StatusOK, templates.SignedOut{Page: p.logoutPage(l)})
	}
	oauth.NoStore(c)
	c.Header("Referrer-Policy", "no-referrer")
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// onward is where the browser goes on to, with the state of the request; empty: nowhere. That takes an ID token, which only the client has,
// or a person who agreed: else everybody who knows the client's name could send people there by way of us.
func (l *logoutRequest) onward() string {
	switch {
	case l.target == "" || !l.hinted && !l.confirm:
		return ""
	case !l.form.Has("state"):
		return l.target
	}
	return oauth.WithQuery(l.target, url.Values{"state": {l.form.Get("state")}})
}

// again is the query of a request that only says, in the same language, that nobody is signed in.
func (l *logoutRequest) again() string {
	kept := url.Values{}
	if l.client != nil {
		kept.Set("client_id", l.client.ID)
	}
	if locales := oauth.Clip(l.form.Get("ui_locales"), 256); locales != "" {
		kept.Set("ui_locales", locales)
	}
	if len(kept) == 0 {
		return ""
	}
	return "?" + kept.Encode()
}

func (p *Provider) logoutPage(l *logoutRequest) templates.Page {
	if l.client == nil {
		return templates.Page{}
	}
	return templates.Page{App: p.page.AppOf(l.client)}
}
