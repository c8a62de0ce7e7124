package provider

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Registration says who may register a client (RFC 7591).
type Registration string

// Who may register a client.
const (
	RegistrationClosed Registration = "closed" // operators: the endpoints do not exist
	RegistrationToken  Registration = "token"  // and whoever has an initial access token
	RegistrationOpen   Registration = "open"   // anybody
)

func (r Registration) known() bool {
	return slices.Contains([]Registration{RegistrationClosed, RegistrationToken, RegistrationOpen}, r)
}

const (
	registerPath = "/oauth2/register"
	// How many clients one address may register without an initial access token, and in which time.
	uninvitedTries = 20
	uninvitedRest  = time.Hour
)

// registerClient is the client registration endpoint (RFC 7591 section 3, OIDC Registration section 3).
func (p *Provider) registerClient(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	token, err := p.initialToken(c.Request, now)
	if err != nil {
		return err
	}
	text, err := jsonBody(c.Writer, c.Request)
	if err != nil {
		return p.registrationFault(c.Request, err, now)
	}
	said, err := client.ReadRegistration(text, nil)
	if err == nil && token == "" {
		err = p.countUninvited(ctx, c.Request, now)
	}
	if err == nil {
		err = p.checkSector(ctx, said.Metadata)
	}
	if err != nil {
		return p.registrationFault(c.Request, err, now)
	}
	made, err := p.clients.Register(ctx, said.Metadata, token, p.byClient(c.Request), now)
	switch {
	case errors.Is(err, storage.ErrNotFound): // used up meanwhile
		return errToken
	case errors.Is(err, client.ErrFull):
		return &oauthError{Status: http.StatusForbidden, Code: accessDenied, Description: "No more clients can register without an initial access token.", cause: err}
	case err != nil:
		return p.registrationFault(c.Request, err, now)
	}
	return p.showRegistration(c, http.StatusCreated, made)
}

// initialToken returns the initial access token of a request if it is good, empty when there is none and none is needed.
func (p *Provider) initialToken(r *http.Request, now time.Time) (string, error) {
	if !p.attempts.allowed(r, now) {
		return "", errClientThrottled
	}
	token, err := bearerOf(r)
	switch {
	case err != nil:
		return "", err
	case token == "" && p.cfg.Registration == RegistrationOpen && r.Header.Get("Authorization") == "":
		return "", nil
	case token == "":
		return "", &oauthError{Status: http.StatusUnauthorized}
	}
	good, err := p.clients.InitialTokenGood(r.Context(), token, now)
	if err == nil && !good {
		err = p.refusedToken(r, now)
	}
	return token, err
}

// bearerOf returns the bearer token of a request, empty when there is none. Tokens of registration are not bound to keys.
func bearerOf(r *http.Request) (string, error) {
	token, byProof, err := accessTokenOf(r, nil)
	if byProof {
		token = ""
	}
	return token, err
}

// refusedToken records a wrong token, so that guessing is seen.
func (p *Provider) refusedToken(r *http.Request, now time.Time) error {
	p.attempts.failed(r, now)
	event := p.byClient(r)
	event.Name = audit.ClientRefused
	if err := p.audit.Record(r.Context(), event, now); err != nil {
		return err
	}
	return errToken
}

func (p *Provider) byClient(r *http.Request) audit.Event {
	return audit.Event{Actor: audit.ActorClient, Address: p.cfg.Address(r)}
}

// registrationFault turns what is wrong with a registration into the answer of RFC 7591 section 3.2.2. Faults count against the address: each
// may have cost a fetch.
func (p *Provider) registrationFault(r *http.Request, err error, now time.Time) error {
	faults := client.Faults(err)
	if len(faults) == 0 {
		return err
	}
	p.attempts.failed(r, now)
	code, texts := client.InvalidRedirectURI, make([]string, len(faults))
	for i, fault := range faults {
		texts[i] = fault.Error()
		if fault.Code != client.InvalidRedirectURI { // the redirect URIs may be wrong only because of the rest
			code = client.InvalidMetadata
		}
	}
	return refuse(code, descriptionOf(strings.Join(texts, "; ")))
}

// longestDescription is how much of what is wrong is told, in bytes.
const longestDescription = 1000

// descriptionOf makes text an error_description: RFC 6749 section 5.2 allows printable ASCII without quotes and backslashes.
func descriptionOf(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, clip(text, longestDescription))
}

// jsonBody reads the body of a registration.
func jsonBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, refuse(client.InvalidMetadata, "The body must be application/json.")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, client.LongestRegistration))
	if err != nil {
		return nil, refuse(client.InvalidMetadata, "The body is too large or could not be read.")
	}
	return text, nil
}
