package provider

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// credentials are what a client presented: exactly one method of RFC 6749 section 2.3.1 or RFC 7521 section 4.2.
type credentials struct {
	clientID, secret string
	method           string    // client.AuthBasic, AuthPost, AuthPrivateKey or AuthNone
	assertion        assertion // of AuthPrivateKey
}

// authenticate finds and proves the client of a request to an endpoint that clients call. Unknown clients, wrong secrets and
// disabled clients get the same answer after the same work.
func (p *Provider) authenticate(ctx context.Context, r *http.Request, form url.Values, now time.Time) (*client.Client, error) {
	given, err := credentialsOf(r, form)
	if err != nil {
		return nil, err
	}
	found, err := p.clients.Client(ctx, given.clientID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	noteAsker(ctx, given.clientID, found)
	refusal, err := p.unproven(ctx, found, given, now)
	switch {
	case err != nil:
		return nil, err
	case refusal == nil:
		return found, nil
	}
	event := audit.Event{Name: audit.ClientRefused, Actor: audit.ActorClient, Address: r.RemoteAddr}
	if found != nil { // an id that is not registered is not repeated in the record
		event.ClientID = found.ID
	}
	return nil, p.refused(r, event, refusal, now)
}

// unproven says why found, nil for an unknown client, did not authenticate by the one method that it is registered for; nil: it did.
func (p *Provider) unproven(ctx context.Context, found *client.Client, given credentials, now time.Time) (*oauth.Refusal, error) {
	secret := p.clients.Authenticate(found, given.secret, now)
	switch {
	case found == nil:
		return oauth.Refuse(oauth.ClientUnknown), nil
	case found.Disabled:
		return oauth.Refuse(oauth.ClientDisabled), nil
	case found.AuthMethod != given.method:
		return oauth.Refuse(oauth.ClientMethod).Compare(given.method, found.AuthMethod), nil
	case given.method == client.AuthPrivateKey:
		return p.unprovenByAssertion(ctx, found, given.assertion, now)
	case given.method != client.AuthNone && !secret:
		return oauth.Refuse(oauth.ClientSecret), nil
	}
	return nil, nil
}

// credentialsOf reads the one method that was used (RFC 6749 section 2.3, RFC 7521 section 4.2). Which of two counts would be anybody's guess.
func credentialsOf(r *http.Request, form url.Values) (credentials, error) {
	header := r.Header.Values("Authorization")
	methods := len(header)
	for _, names := range [][]string{{"client_secret"}, {"client_assertion", "client_assertion_type"}} {
		if slices.ContainsFunc(names, form.Has) {
			methods++
		}
	}
	id := form.Get("client_id")
	switch {
	case methods > 1:
		return credentials{}, oauth.Refuse(oauth.CredentialsTwice)
	case len(header) == 1:
		return basicOf(header[0], form)
	case form.Has("client_assertion"), form.Has("client_assertion_type"):
		return assertionOf(form)
	case id == "":
		return credentials{}, oauth.Refuse(oauth.CredentialsMissing)
	case form.Has("client_secret"):
		return credentials{clientID: id, secret: form.Get("client_secret"), method: client.AuthPost}, nil
	}
	return credentials{clientID: id, method: client.AuthNone}, nil
}

// basicOf reads the credentials of client_secret_basic. A client_id beside them is not needed, and must be the same when it is there.
func basicOf(header string, form url.Values) (credentials, error) {
	id, secret, ok := basic(header)
	if !ok || form.Has("client_id") && form.Get("client_id") != id {
		return credentials{}, oauth.Refuse(oauth.CredentialsMalformed)
	}
	return credentials{clientID: id, secret: secret, method: client.AuthBasic}, nil
}

// basic decodes HTTP Basic credentials. RFC 6749 section 2.3.1 has both parts form-encoded before; many clients leave that
// out, which makes no difference for the ids and secrets that Postern makes.
func basic(header string) (id, secret string, ok bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	text, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !strings.EqualFold(scheme, "Basic") || err != nil {
		return "", "", false
	}
	rawID, rawSecret, found := strings.Cut(string(text), ":")
	id, idErr := url.QueryUnescape(rawID)
	secret, secretErr := url.QueryUnescape(rawSecret)
	return id, secret, found && idErr == nil && secretErr == nil && id != ""
}

// authenticateClient is authenticate for fosite, at the token endpoint. It finds the client's DPoP proof as well.
func (p *Provider) authenticateClient(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	u := unitOf(ctx)
	found, err := p.authenticate(ctx, r, form, u.now)
	if err != nil {
		return nil, u.note(err)
	}
	u.client = found
	if u.proof, err = p.clientProof(r, "/oauth2/token", found, u.now); err == nil && found.DPoPRequired && u.proof.jkt == "" {
		err = errNoProof // RFC 9449 section 5.2
	}
	return engineClient{Client: found}, u.note(err)
}
