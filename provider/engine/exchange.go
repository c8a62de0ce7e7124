package engine

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
)

// Exchange makes the whole answer to a token request. It uses nothing up: the caller spends u.Proof and writes the changes of u.Grant. Errors: an
// [oauth.Refusal] that says what is wrong with the client, the code or the token; [storage.ErrUnavailable].
func (e *Engine) Exchange(ctx context.Context, u *Unit, r *http.Request, form url.Values) (map[string]any, error) {
	answer, err := e.exchange(withUnit(ctx, u), u, r, form)
	if u.failure != nil {
		err = u.failure
	}
	if err != nil {
		return nil, u.Explain(err, form)
	}
	return answer, nil
}

func (e *Engine) exchange(ctx context.Context, u *Unit, r *http.Request, form url.Values) (map[string]any, error) {
	// Fosite gets the validated parameters and no body. A client cannot ask for an audience.
	form.Del("audience")
	parsed := &http.Request{Method: r.Method, URL: r.URL, Header: r.Header, RemoteAddr: r.RemoteAddr, Body: http.NoBody, Form: form, PostForm: form}
	request, err := e.fosite.NewAccessRequest(ctx, parsed.WithContext(ctx), &session{})
	if err != nil {
		return nil, err
	}
	response, err := e.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := response.ToMap()
	answer["token_type"], answer["expires_in"] = token.Type(u.Proof.JKT), u.ExpiresIn
	return answer, nil
}

// authenticateClient authenticates the client of a token request for fosite, and checks the client's DPoP proof.
func (e *Engine) authenticateClient(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	u := unitOf(ctx)
	found, err := e.cfg.Auth.Authenticate(r, form, u.Now)
	if err != nil {
		return nil, u.note(err)
	}
	u.Client = found
	if u.Proof, err = e.cfg.Proofs.OfClient(r, oauth.TokenPath, found, u.Now); err == nil && found.DPoPRequired && u.Proof.JKT == "" {
		err = oauth.Refuse(oauth.ProofMissing) // RFC 9449 section 5.2
	}
	return fositeClient{Client: found}, u.note(err)
}
