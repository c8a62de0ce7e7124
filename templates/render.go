package templates

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// View is the data of one page. Only the structs of this package are views.
type View interface {
	// template is the name of the page's file, such as "login/signin.html".
	template() string
	// page is the part that all views share.
	page() Page
}

// sheet is what the layout gets: a view, and what is around it.
type sheet struct {
	View
	Language
	Languages []languageLink
}

// Render answers with the page of view in the language of the request, with
// Content-Type, Cache-Control: no-store and the security headers. The page is
// built in memory first, so nothing has been sent when Render returns an error;
// return it to [Handle], which answers 500.
func (p *Pages) Render(c *gin.Context, status int, view View) error {
	l := p.LanguageOf(c)
	set, err := p.sets[l.Tag]()
	if err != nil {
		return err
	}
	page, ok := set[view.template()]
	if !ok {
		return fmt.Errorf("render %s: no such template", view.template())
	}
	var body bytes.Buffer
	if err := page.ExecuteTemplate(&body, layoutFile, sheet{view, l, languageLinks(view, c.Request, l)}); err != nil {
		return fmt.Errorf("render %s: %w", view.template(), err)
	}
	p.keepLanguage(c)
	p.setHeaders(c.Writer.Header(), view.page())
	c.Header("Content-Language", l.Tag)
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// NotFound answers 404. It is for gin's NoRoute.
func (p *Pages) NotFound(c *gin.Context) {
	p.failAny(c, ErrorPage{
		Status:  http.StatusNotFound,
		Title:   T("error.not_found_title"),
		Message: T("error.not_found"),
	})
}

// MethodNotAllowed answers 405. It is for gin's NoMethod.
func (p *Pages) MethodNotAllowed(c *gin.Context) {
	p.failAny(c, ErrorPage{
		Status:  http.StatusMethodNotAllowed,
		Title:   T("error.refused_title"),
		Message: T("error.method"),
	})
}
