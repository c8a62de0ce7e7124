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

// Render answers with the page of view: Content-Type, Cache-Control: no-store
// and the security headers included. The page is built in memory first, so on
// an error nothing has been sent; return that error to Handle, which answers
// 500.
func (p *Pages) Render(c *gin.Context, status int, view View) error {
	var body bytes.Buffer
	page, ok := p.pages[view.template()]
	if !ok {
		return fmt.Errorf("render %s: no such template", view.template())
	}
	if err := page.ExecuteTemplate(&body, layoutFile, view); err != nil {
		return fmt.Errorf("render %s: %w", view.template(), err)
	}
	p.setHeaders(c.Writer.Header(), view.page())
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// NotFound answers 404. It is for gin's NoRoute.
func (p *Pages) NotFound(c *gin.Context) {
	p.failAny(c, ErrorPage{
		Status:  http.StatusNotFound,
		Title:   "Page not found",
		Message: "There is nothing at this address. The link may be old or mistyped.",
	})
}

// MethodNotAllowed answers 405. It is for gin's NoMethod.
func (p *Pages) MethodNotAllowed(c *gin.Context) {
	p.failAny(c, ErrorPage{
		Status:  http.StatusMethodNotAllowed,
		Title:   "That did not work",
		Message: "This address does not take that kind of request.",
	})
}
