package templates

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
)

var framesViews = []View{SigningOut{}}

// SigningOut loads the front-channel logout URIs of apps in frames, and names the apps (OIDC Front-Channel Logout section 2). It is sent with
// [Pages.SigningOut]; sent with [Pages.Render], it waits for the person to go on.
type SigningOut struct {
	Page
	Frames []Frame
	// NextURL is where the browser goes next: a URL of ours, or one that is registered for the app.
	NextURL string

	onward bool
}

// Frame is the front-channel logout URI of one app, loaded out of sight.
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

// Onward reports whether the page goes on by itself once its frames are loaded, or have taken too long.
func (s SigningOut) Onward() bool { return s.onward }

// SigningOut answers with view. The page may show its frames and no others.
func (p *Pages) SigningOut(c *gin.Context, view SigningOut) error {
	view.onward = true
	return p.Render(c, http.StatusOK, view)
}
