package clientauth

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what an [Authenticator] needs. Every field is required.
type Config struct {
	Issuer  string
	JTIs    *storage.JTIs // records used assertions
	Clients *client.Registry
	Keys    *client.RemoteKeys
	Budget  *Budget
	Log     *slog.Logger
}

// Authenticator authenticates clients.
type Authenticator struct{ cfg Config }

// New returns an authenticator.
func New(cfg Config) *Authenticator { return &Authenticator{cfg: cfg} }

// credentials are the credentials in a request, by exactly one method of RFC 6749 section 2.3.1 or RFC 7521 section 4.2.
type credentials struct {
	clientID, secret string
	method           string    // client.AuthBasic, AuthPost, AuthPrivateKey or AuthNone
	assertion        assertion // of AuthPrivateKey
}

// Authenticate authenticates the client of a request to an endpoint that clients call, and returns it. A public client only sends its client_id,
// as a parameter, or by Basic with an empty secret.
// Unknown clients, wrong secrets and disabled clients get the same answer after the same work. Errors: an [oauth.Refusal], [storage.ErrUnavailable].
func (a *Authenticator) Authenticate(r *http.Request, form url.Values, now time.Time) (*client.Client, error) {
	ctx := r.Context()
	given, err := readCredentials(r, form)
	if err != nil {
		return nil, err
	}
	found, err := a.cfg.Clients.Client(ctx, given.clientID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	oauth.NoteCaller(ctx, given.clientID, found)
	refusal, err := a.check(ctx, found, given, now)
	switch {
	case err != nil:
		return nil, err
	case refusal == nil:
		return found, nil
	}
	event := audit.Event{Name: audit.ClientRefused, Actor: audit.ActorClient, Address: r.RemoteAddr}
	if found != nil { // an ID that is not registered is not repeated in the record
		event.ClientID = found.ID
	}
	return nil, a.cfg.Budget.Refuse(r, event, refusal, now)
}

// check returns why the credentials do not authenticate found by its registered method; nil if they do. found is nil for an unknown client.
func (a *Authenticator) check(ctx context.Context, found *client.Client, given credentials, now time.Time) (*oauth.Refusal, error) {
	secret := a.cfg.Clients.Authenticate(found, given.secret, now)
	if found != nil && found.Public() && given.method == client.AuthBasic && given.secret == "" {
		given.method = client.AuthNone // RFC 6749 section 2.3.1: a client without a secret has the empty one
	}
	switch {
	case found == nil:
		return oauth.Refuse(oauth.ClientUnknown), nil
	case found.Disabled:
		return oauth.Refuse(oauth.ClientDisabled), nil
	case !found.Accepts(given.method):
		return oauth.Refuse(oauth.ClientMethod).Compare(given.method, found.AuthMethod), nil
	case given.method == client.AuthPrivateKey:
		return a.checkAssertion(ctx, found, given.assertion, now)
	case given.method != client.AuthNone && !secret:
		return oauth.Refuse(oauth.ClientSecret), nil
	}
	return nil, nil
}

// readCredentials reads the credentials in a request (RFC 6749 section 2.3, RFC 7521 section 4.2). It refuses a request that uses two methods.
func readCredentials(r *http.Request, form url.Values) (credentials, error) {
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
		return readBasic(header[0], form)
	case form.Has("client_assertion"), form.Has("client_assertion_type"):
		return assertionCredentials(form)
	case id == "":
		return credentials{}, oauth.Refuse(oauth.CredentialsMissing)
	case form.Has("client_secret"):
		return credentials{clientID: id, secret: form.Get("client_secret"), method: client.AuthPost}, nil
	}
	return credentials{clientID: id, method: client.AuthNone}, nil
}

// readBasic reads the credentials of client_secret_basic. The parameter client_id is optional and must be the same.
func readBasic(header string, form url.Values) (credentials, error) {
	id, secret, ok := decodeBasic(header)
	if !ok || form.Has("client_id") && form.Get("client_id") != id {
		return credentials{}, oauth.Refuse(oauth.CredentialsMalformed)
	}
	return credentials{clientID: id, secret: secret, method: client.AuthBasic}, nil
}

// decodeBasic decodes HTTP Basic credentials. RFC 6749 section 2.3.1 requires both parts to be form-encoded first; many clients leave that out, which
// makes no difference for the IDs and secrets that this server makes.
func decodeBasic(header string) (id, secret string, ok bool) {
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
