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
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// authRequest is an authorization request (RFC 6749 section 4.1.1, OIDC Core section 3.1.2.1) after validation.
type authRequest struct {
	form        url.Values
	client      *client.Client
	redirectURI string
	state       string
	scopes      []string
	nonce       string
	challenge   string // S256, empty: none
	prompt      prompts
	maxAge      *time.Duration
	hint        string // sub that was asked for: of a valid id_token_hint or in the parameter claims
	acr         string // what the ID token will say
	claims      claimsRequest
}

// prompts is the prompt parameter.
type prompts struct{ none, login, consent, selectAccount bool }

// clientOf finds out who asks and where the answer goes. Until both are certain every error is a page: a redirect to an
// address that was not registered would hand errors, and later codes, to whoever wrote the link.
func (p *Provider) clientOf(ctx context.Context, form url.Values) (*authRequest, error) {
	id := form.Get("client_id")
	found, err := p.clients.Client(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && found.Disabled:
		return nil, &pageError{title: templates.T("error.unknown_app_title"), message: templates.T("error.unknown_app")}
	case err != nil:
		return nil, err
	}
	uri := form.Get("redirect_uri")
	if !client.MatchRedirectURI(found, uri) {
		return nil, &pageError{
			title:    templates.T("error.return_title"),
			message:  templates.T("error.return", "App", found.Name),
			received: uri,
		}
	}
	return &authRequest{form: form, client: found, redirectURI: uri, state: form.Get("state")}, nil
}

// validate reads the rest of the request. Its errors are answered by a redirect to the client.
func (p *Provider) validate(a *authRequest, now time.Time) error {
	for name, code := range map[string]string{
		"request": requestNotSupported, "request_uri": requestURINotSupported, "registration": registrationNotSupported,
	} {
		if a.form.Has(name) {
			return refuse(code, "The parameter "+name+" is not supported.")
		}
	}
	switch {
	case !a.form.Has("response_type"):
		return invalid("The parameter response_type is missing.")
	case !slices.Contains(a.client.ResponseTypes, a.form.Get("response_type")):
		return refuse(unsupportedResponseType, "This response type is not supported for this client.")
	case a.form.Has("response_mode") && a.form.Get("response_mode") != "query":
		return invalid("This response mode is not supported for this client.")
	}
	var err error
	for _, step := range []func() error{
		func() error { a.scopes, err = scopesOf(a.form.Get("scope"), a.client); return err },
		func() error { a.challenge, err = challengeOf(a.form, a.client); return err },
		func() error { a.prompt, err = promptsOf(a.form.Get("prompt")); return err },
		func() error { a.maxAge, err = maxAgeOf(a.form); return err },
		func() error { a.claims, err = parseClaims(a.form.Get("claims")); return err },
		func() error { a.hint, err = p.hintOf(a.form.Get("id_token_hint"), a.client.ID, now); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if a.hint, err = sameSubject(a.hint, a.claims.subject); err != nil {
		return err
	}
	a.nonce = a.form.Get("nonce")
	a.acr = acrFor(append(strings.Fields(a.form.Get("acr_values")), a.claims.acr...))
	return nil
}

// sameSubject joins the two ways of asking for one person: id_token_hint, and sub in the parameter claims.
func sameSubject(hint, claimed string) (string, error) {
	if hint != "" && claimed != "" && hint != claimed {
		return "", invalid("The parameters id_token_hint and claims ask for different people.")
	}
	return cmp.Or(hint, claimed), nil
}

// scopesOf splits the scope parameter. Scopes are compared byte for byte: OPENID is not openid.
func scopesOf(text string, c *client.Client) ([]string, error) {
	var scopes []string
	for _, scope := range strings.Fields(text) {
		if !slices.Contains(c.Scopes, scope) {
			return nil, refuse(invalidScope, "A scope is unknown or the client is not registered for it.")
		}
		// RFC 9700 leaves refresh tokens to clients that are registered for the grant.
		if scope == "offline_access" && !slices.Contains(c.GrantTypes, "refresh_token") {
			continue
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, refuse(invalidScope, "The parameter scope is missing.")
	}
	return scopes, nil
}

// challengeOf checks the code challenge: S256 only, 43 characters of base64url (RFC 7636 sections 4.2 and 4.3).
func challengeOf(form url.Values, c *client.Client) (string, error) {
	challenge, method := form.Get("code_challenge"), form.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && !c.PKCERequired:
		return "", nil
	case challenge == "":
		return "", invalid("The parameter code_challenge is missing.")
	case method != "S256":
		return "", invalid("The parameter code_challenge_method must be S256.")
	case len(challenge) != 43 || strings.Trim(challenge, base64URL) != "":
		return "", invalid("The parameter code_challenge is not an S256 challenge.")
	}
	return challenge, nil
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
			return p, invalid("The parameter prompt has an unknown value.")
		}
	}
	if p.none && len(words) > 1 {
		return p, invalid("The value none of the parameter prompt stands alone.")
	}
	return p, nil
}

// maxAgeOf reads max_age: a number of seconds in plain digits.
func maxAgeOf(form url.Values) (*time.Duration, error) {
	text := form.Get("max_age")
	if text == "" {
		return nil, nil
	}
	if strings.Trim(text, "0123456789") != "" || len(text) > 10 {
		return nil, invalid("The parameter max_age must be a number of seconds.")
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, invalid("The parameter max_age must be a number of seconds.")
	}
	age := time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second
	return &age, nil
}
