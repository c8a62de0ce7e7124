package templates

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
)

// SigningOut names the apps that learn in frames of the page that the person has signed out (OIDC Front-Channel Logout section 2).
// Pages.SigningOut answers with it; by Render alone it waits for the person to go on.
type SigningOut struct {
	Page
	Frames []Frame
	// NextURL is where the browser goes on to: an address of ours, or one that is registered for the app.
	NextURL string

	onward bool
}

// Frame is what one app shows to nobody.
type Frame struct {
	App string // its name
	URL string // http or https
}

func (SigningOut) template() string { return "logout/apps.html" }

func (s SigningOut) page() Page {
	page := s.Page
	for _, frame := range s.Frames {
		page.frames = append(page.frames, frame.URL)
	}
	return page
}

// Next is NextURL for a link.
func (s SigningOut) Next() template.URL { return appURL(s.NextURL) }

// Onward reports whether the page goes on by itself once its frames are there, or have had their time.
func (s SigningOut) Onward() bool { return s.onward }

// SigningOut answers with view. The page may show its frames and no others.
func (p *Pages) SigningOut(c *gin.Context, view SigningOut) error {
	view.onward = true
	return p.Render(c, http.StatusOK, view)
}
