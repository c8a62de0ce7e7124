package templates

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
)

var formPostViews = []View{FormPost{}}

// FormPost hands an authorization response to the app by a form that sends
// itself, or by its button (OAuth 2.0 Form Post Response Mode). It is sent with
// [Pages.FormPost]; sent with [Pages.Render], it waits for the button.
type FormPost struct {
	Page
	// Target is the redirect URI, http or https.
	Target string
	// Fields are the parameters of the response.
	Fields url.Values
}

func (FormPost) template() string { return "authorize/formpost.html" }

// Input is a hidden field.
type Input struct{ Name, Value string }

// Inputs returns the fields, sorted by name.
func (f FormPost) Inputs() []Input { return inputs(f.Fields) }

func inputs(fields url.Values) []Input {
	var list []Input
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list = append(list, Input{name, fields.Get(name)})
	}
	return list
}

// FormPost answers with view. The page may send its form to the target only, and
// runs our script only, so that a mistake in the page leaks the response to
// nobody.
func (p *Pages) FormPost(c *gin.Context, view FormPost) error {
	view.nonce, view.FormTargets = rand.Text(), []string{view.Target}
	return p.Render(c, http.StatusOK, view)
}
