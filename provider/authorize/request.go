package authorize

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/templates"
)

// request is an authorization request (RFC 6749 section 4.1.1, OIDC Core section 3.1.2.1) after validation.
type request struct {
	form        url.Values
	client      *client.Client
	redirectURI string
	mode        string // response mode of the answer
	modeFault   bool   // the request asks for another mode, which is not allowed
	types       oauth.ResponseTypes
	state       string
	scopes      []string
	named       scope.Named // claims beside those of the scopes
	nonce       string
	challenge   string // S256; empty: not sent
	jkt         string // thumbprint of the key that the code is bound to; empty: it is not bound
	prompt      decision.Prompts
	maxAge      *time.Duration
	hint        string // requested sub, from a valid id_token_hint or the parameter claims
	acr         string // acr of the ID token

	shown bool // the person has seen one of our pages before the answer

	sessionState string // session_state of the answer; empty: not known or of no use to the client
}

// asked returns the access that the client asks for.
func (a *request) asked() scope.Asked { return scope.Asked{Scopes: a.scopes, Named: a.named} }

// newRequest finds out to which redirect URI and in which mode the answer is sent. Until the redirect URI is certain, every error is a page: a
// redirect to an unregistered URI would give errors, and later codes, to the author of the link.
func newRequest(found *client.Client, form url.Values) (*request, error) {
	uri := form.Get("redirect_uri")
	if uri == "" {
		return nil, &page.Error{
			Refusal: oauth.Refuse(oauth.RedirectURIMissing).Compare("", found.RedirectURIs...),
			Title:   templates.T("error.link_title"), Message: templates.T("error.no_return", "App", found.Name),
		}
	}
	if !client.MatchRedirectURI(found, uri) {
		return nil, &page.Error{
			Refusal:  oauth.Refuse(oauth.RedirectURIUnregistered).CompareURI(uri, found.RedirectURIs...),
			Title:    templates.T("error.return_title"),
			Message:  templates.T("error.return", "App", found.Name),
			Received: uri,
		}
	}
	a := &request{form: form, client: found, redirectURI: uri, state: form.Get("state")}
	mode, ok := responseModeOf(form, found, uri)
	a.mode, a.modeFault = mode, !ok
	return a, nil
}

// validate reads and checks the other parameters. Its errors are sent to the client's redirect URI.
func (e *Endpoint) validate(a *request, now time.Time) error {
	if a.form.Has("registration") { // OIDC Core section 7.2.1 is for providers on a person's own device
		return oauth.Refuse(oauth.RegistrationParameter)
	}
	var err error
	var claims scope.Parameter
	for _, step := range []func() error{
		a.validateResponse,
		func() error { a.scopes, err = decision.ReadScopes(a.form.Get("scope"), a.client); return err },
		a.validateIDToken,
		func() error { a.challenge, err = challengeOf(a.form, a.client, a.types); return err },
		func() error { a.jkt, err = jktOf(a.form.Get("dpop_jkt")); return err },
		func() error { a.prompt, err = decision.ReadPrompts(a.form.Get("prompt")); return err },
		func() error { a.maxAge, err = decision.ReadMaxAge(a.form.Get("max_age"), a.client); return err },
		func() error { claims, err = readClaims(a.form.Get("claims")); return err },
		func() error {
			a.hint, err = e.cfg.Tokens.HintSubject(a.form.Get("id_token_hint"), a.client.ID, now)
			return err
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	subject, err := claims.Subject()
	if err != nil {
		return err
	}
	if a.hint, err = sameSubject(a.hint, subject); err != nil {
		return err
	}
	a.named = scope.Ask(a.scopes, claims, a.client, a.types.Code || a.types.Token).Named
	asked := strings.Fields(a.form.Get("acr_values"))
	if len(asked) == 0 {
		asked = a.client.DefaultACRValues
	}
	a.acr = token.ACR(slices.Concat(asked, claims.IDToken["acr"].Values))
	return nil
}

// validateResponse checks the response type and the response mode, and reads the nonce.
func (a *request) validateResponse() error {
	if !a.form.Has("response_type") {
		return oauth.Refuse(oauth.ResponseTypeMissing)
	}
	types, ok := oauth.ReadResponseTypes(a.form.Get("response_type"))
	if !ok || !slices.Contains(a.client.ResponseTypes, types.String()) {
		return oauth.Refuse(oauth.ResponseTypeUnregistered).Compare(a.form.Get("response_type"), quoted(a.client.ResponseTypes)...)
	}
	if a.modeFault {
		return oauth.Refuse(oauth.ResponseMode).Compare(a.form.Get("response_mode"), oauth.ResponseModes()...)
	}
	a.types, a.nonce = types, a.form.Get("nonce")
	return nil
}

// validateIDToken checks the scope and the nonce of a request for an ID token that passes through the browser (OIDC Core sections 3.2.2.1 and
// 3.3.2.11).
func (a *request) validateIDToken() error {
	switch {
	case !a.types.IDToken:
		return nil
	case !slices.Contains(a.scopes, "openid"):
		return oauth.Refuse(oauth.IDTokenWithoutOpenID)
	case a.nonce == "":
		return oauth.Refuse(oauth.NonceMissing)
	}
	return nil
}
