package provider

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// authRequest is an authorization request (RFC 6749 section 4.1.1, OIDC Core section 3.1.2.1) after validation.
type authRequest struct {
	form        url.Values
	client      *client.Client
	redirectURI string
	mode        string // how the answer travels
	modeFault   bool   // another way was asked for, which is not allowed
	types       responseTypes
	state       string
	scopes      []string
	named       scope.Named // claims beside those of the scopes
	nonce       string
	challenge   string // S256, empty: none
	jkt         string // thumbprint of the key that the code is bound to; empty: none
	prompt      prompts
	maxAge      *time.Duration
	hint        string // sub that was asked for: of a valid id_token_hint or in the parameter claims
	acr         string // what the ID token will say

	shown bool // the person saw a page of ours before the answer

	sessionState string // of the browser, empty: not known or of no use to the client
}

// asked is what the client asks for about the person.
func (a *authRequest) asked() scope.Asked { return scope.Asked{Scopes: a.scopes, Named: a.named} }

// prompts is the prompt parameter.
type prompts struct{ none, login, consent, selectAccount bool }

// clientOf finds out who asks.
func (p *Provider) clientOf(ctx context.Context, form url.Values) (*client.Client, error) {
	id := form.Get("client_id")
	if id == "" {
		return nil, &pageError{
			refusal: oauth.Refuse(oauth.CredentialsMissing), title: templates.T("error.link_title"), message: templates.T("error.no_app"),
		}
	}
	found, err := p.clients.Client(ctx, id)
	noteAsker(ctx, id, found)
	rule := oauth.ClientUnknown
	switch {
	case err == nil && found.Disabled:
		rule = oauth.ClientDisabled
	case err == nil || !errors.Is(err, storage.ErrNotFound):
		return found, err
	}
	return nil, &pageError{refusal: oauth.Refuse(rule), title: templates.T("error.unknown_app_title"), message: templates.T("error.unknown_app")}
}

// requestOf finds out where the answer goes. Until that is certain every error is a page: a redirect to an address that was not
// registered would hand errors, and later codes, to whoever wrote the link.
func (p *Provider) requestOf(found *client.Client, form url.Values) (*authRequest, error) {
	uri := form.Get("redirect_uri")
	if uri == "" {
		return nil, &pageError{
			refusal: oauth.Refuse(oauth.RedirectURIMissing).Compare("", found.RedirectURIs...),
			title:   templates.T("error.link_title"), message: templates.T("error.no_return", "App", found.Name),
		}
	}
	if !client.MatchRedirectURI(found, uri) {
		return nil, &pageError{
			refusal:  oauth.Refuse(oauth.RedirectURIUnregistered).CompareURI(uri, found.RedirectURIs...),
			title:    templates.T("error.return_title"),
			message:  templates.T("error.return", "App", found.Name),
			received: uri,
		}
	}
	a := &authRequest{form: form, client: found, redirectURI: uri, state: form.Get("state")}
	mode, ok := responseModeOf(form, found, uri)
	a.mode, a.modeFault = mode, !ok
	return a, nil
}

// validate reads the rest of the request. Its errors are answered by a redirect to the client.
func (p *Provider) validate(a *authRequest, now time.Time) error {
	if a.form.Has("registration") { // OIDC Core section 7.2.1 is for providers on a person's own device
		return oauth.Refuse(oauth.RegistrationParameter)
	}
	var err error
	var claims scope.Parameter
	for _, step := range []func() error{
		a.validateResponse,
		func() error { a.scopes, err = scopesOf(a.form.Get("scope"), a.client); return err },
		a.validateIDToken,
		func() error { a.challenge, err = challengeOf(a.form, a.client, a.types); return err },
		func() error { a.jkt, err = jktOf(a.form.Get("dpop_jkt")); return err },
		func() error { a.prompt, err = promptsOf(a.form.Get("prompt")); return err },
		func() error { a.maxAge, err = maxAgeOf(a.form, a.client); return err },
		func() error { claims, err = wishesOf(a.form.Get("claims")); return err },
		func() error { a.hint, err = p.hintOf(a.form.Get("id_token_hint"), a.client.ID, now); return err },
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
	a.named = askedOf(a.form, a.client, a.scopes, claims).Named
	asked := strings.Fields(a.form.Get("acr_values"))
	if len(asked) == 0 {
		asked = a.client.DefaultACRValues
	}
	a.acr = acrFor(slices.Concat(asked, claims.IDToken["acr"].Values))
	return nil
}

// validateResponse reads what is asked for and how it shall travel.
func (a *authRequest) validateResponse() error {
	if !a.form.Has("response_type") {
		return oauth.Refuse(oauth.ResponseTypeMissing)
	}
	types, ok := responseTypesOf(a.form.Get("response_type"))
	if !ok || !slices.Contains(a.client.ResponseTypes, types.String()) {
		return oauth.Refuse(oauth.ResponseTypeUnregistered).Compare(a.form.Get("response_type"), quoted(a.client.ResponseTypes)...)
	}
	if a.modeFault {
		return oauth.Refuse(oauth.ResponseMode).Compare(a.form.Get("response_mode"), responseModes...)
	}
	a.types, a.nonce = types, a.form.Get("nonce")
	return nil
}

// validateIDToken checks what an ID token that passes the browser needs (OIDC Core sections 3.2.2.1 and 3.3.2.11).
func (a *authRequest) validateIDToken() error {
	switch {
	case !a.types.idToken:
		return nil
	case !slices.Contains(a.scopes, "openid"):
		return oauth.Refuse(oauth.IDTokenWithoutOpenID)
	case a.nonce == "":
		return oauth.Refuse(oauth.NonceMissing)
	}
	return nil
}

// sameSubject joins the two ways of asking for one person: id_token_hint, and sub in the parameter claims.
func sameSubject(hint, claimed string) (string, error) {
	if hint != "" && claimed != "" && hint != claimed {
		return "", oauth.Refuse(oauth.HintOfAnotherSubject)
	}
	return cmp.Or(hint, claimed), nil
}

// challengeOf checks the code challenge: S256 only, 43 characters of base64url (RFC 7636 sections 4.2 and 4.3).
func challengeOf(form url.Values, c *client.Client, types responseTypes) (string, error) {
	challenge, method := form.Get("code_challenge"), form.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && (!types.code || !c.PKCERequired): // without a code there is nothing to redeem
		return "", nil
	case challenge == "":
		return "", oauth.Refuse(oauth.ChallengeMissing)
	case method != "S256":
		return "", oauth.Refuse(oauth.ChallengeMethod).Compare(method, "S256")
	case len(challenge) != 43 || strings.Trim(challenge, base64URL) != "":
		return "", oauth.Refuse(oauth.ChallengeMalformed)
	}
	return challenge, nil
}

// jktOf checks the thumbprint of a key: SHA-256 in base64url (RFC 9449 section 10).
func jktOf(text string) (string, error) {
	if text != "" && (len(text) != 43 || strings.Trim(text, base64URL) != "") {
		return "", oauth.Refuse(oauth.ThumbprintMalformed)
	}
	return text, nil
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// promptsOf reads the prompt parameter: none stands alone (OIDC Core section 3.1.2.1).
func promptsOf(text string) (prompts, error) {
	var p prompts
	words := strings.Fields(text)
	for _, word := range words {
		switch word {
		case "none":
			p.none = true
		case "login":
			p.login = true
		case "consent":
			p.consent = true
		case "select_account":
			p.selectAccount = true
		default:
			return p, oauth.Refuse(oauth.PromptUnknown)
		}
	}
	if p.none && len(words) > 1 {
		return p, oauth.Refuse(oauth.PromptNoneNotAlone)
	}
	return p, nil
}

// maxAgeOf reads max_age: a number of seconds in plain digits. A request without it has the one that the client registered.
func maxAgeOf(form url.Values, c *client.Client) (*time.Duration, error) {
	text := form.Get("max_age")
	if text == "" && c.DefaultMaxAge != nil {
		text = strconv.FormatInt(*c.DefaultMaxAge, 10)
	}
	if text == "" {
		return nil, nil
	}
	if strings.Trim(text, "0123456789") != "" || len(text) > 10 {
		return nil, oauth.Refuse(oauth.MaxAge)
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, oauth.Refuse(oauth.MaxAge)
	}
	age := time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second
	return &age, nil
}
