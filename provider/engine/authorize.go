package engine

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
)

// Request is a validated authorization request.
type Request struct {
	Form   url.Values // the validated parameters
	Types  oauth.ResponseTypes
	Scopes []string
}

// Authorize makes the code and the tokens that the response type of u.Request asks for, for the grant u.Grant: it sets u.Code, u.AccessToken and
// u.IDToken. It expects that the person has agreed to the scopes, and stores nothing. Errors: an [oauth.Refusal], [storage.ErrUnavailable].
func (e *Engine) Authorize(ctx context.Context, u *Unit) error {
	ctx = withUnit(ctx, u)
	request, err := e.fosite.NewAuthorizeRequest(ctx, u.Request.http())
	if err != nil {
		return fromFosite(err)
	}
	for _, scope := range u.Request.Scopes {
		request.GrantScope(scope)
	}
	_, err = e.fosite.NewAuthorizeResponse(ctx, request, &session{subject: u.Grant.UserID})
	return fromFosite(err)
}

// http returns the request in the form that fosite reads, with one value for each parameter and without parameters that fosite would fetch.
func (r *Request) http() *http.Request {
	form := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method"} {
		if r.Form.Has(name) {
			form.Set(name, r.Form.Get(name))
		}
	}
	form.Set("scope", strings.Join(r.Scopes, " "))
	// Fosite refuses a state of fewer than 8 characters, which no specification forbids. So it gets this state; the client's is returned unchanged.
	form.Set("state", "not the client's")
	return &http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}, Form: form, PostForm: url.Values{}}
}

// frontChannelHandler answers the response types whose tokens pass through the browser: implicit and hybrid (OIDC Core sections 3.2 and 3.3).
// Fosite's own handlers would make ID tokens with their own claims and keys.
type frontChannelHandler struct {
	code *oauth2.AuthorizeExplicitGrantHandler
	e    *Engine
}

// HandleAuthorizeEndpointRequest implements fosite.AuthorizeEndpointHandler. The ID token is made last, because it contains hashes of the others.
func (h frontChannelHandler) HandleAuthorizeEndpointRequest(ctx context.Context, request fosite.AuthorizeRequester, response fosite.AuthorizeResponder) error {
	u := unitOf(ctx)
	types := u.Request.Types
	if !types.Front() {
		return nil
	}
	if types.Code {
		if err := h.code.IssueAuthorizeCode(ctx, request, response); err != nil {
			return err
		}
	}
	if types.Token {
		if _, _, err := (strategy{h.e}).GenerateAccessToken(ctx, request); err != nil {
			return err
		}
		request.SetResponseTypeHandled("token")
	}
	if types.IDToken {
		var err error
		beside := token.Beside{Code: u.Code, AccessToken: u.AccessToken, State: u.Request.Form.Get("state")}
		if u.IDToken, err = h.e.cfg.Tokens.FrontIDToken(u.Client, &u.Grant, beside, u.Now); err != nil {
			return err
		}
		request.SetResponseTypeHandled("id_token")
	}
	return nil
}
