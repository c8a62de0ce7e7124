package provider

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
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
		return registrationFault(err)
	}
	said, err := client.ReadRegistration(text, nil)
	if err == nil {
		err = p.checkSector(ctx, said.Metadata, cmp.Or(token, limit.CallerKey(c.Request, "")), now)
	}
	if err != nil {
		return registrationFault(err)
	}
	made, err := p.register(ctx, said.Metadata, token, c.Request, now)
	switch {
	case errors.Is(err, storage.ErrNotFound): // used up meanwhile
		return oauth.Refuse(oauth.RegistrationToken)
	case errors.Is(err, client.ErrFull):
		return oauth.Refuse(oauth.RegistrationFull).Because(err)
	case err != nil:
		return registrationFault(err)
	}
	return p.showRegistration(c, http.StatusCreated, made)
}

// register registers a client for one use of an initial access token. One without is counted with its address, in the same transaction: what
// an outage prevents was not a registration.
func (p *Provider) register(ctx context.Context, m client.Metadata, token string, r *http.Request, now time.Time) (made client.SelfRegistered, err error) {
	err = p.store.InTx(ctx, func(ctx context.Context) error {
		if token == "" {
			if err := p.countUninvited(ctx, r, now); err != nil {
				return err
			}
		}
		made, err = p.clients.Register(ctx, m, token, audit.Client(r.RemoteAddr), now)
		return err
	})
	return made, err
}

// countUninvited counts a client that one address registers without a token.
func (p *Provider) countUninvited(ctx context.Context, r *http.Request, now time.Time) error {
	network := hex.EncodeToString(p.store.MAC("client registrations of an address", storage.ClientNetwork(limit.ClientIP(r)).String()))
	allowed, until, err := p.store.Attempts.Allow(ctx, "client registration:"+network, uninvitedTries, uninvitedRest, now)
	if err == nil && !allowed {
		return oauth.TryLater(oauth.AccessDenied, "Too many clients were registered from this address. Please try again later.", until.Sub(now))
	}
	return err
}

// initialToken returns the initial access token of a request if it is good, empty when there is none and none is needed.
func (p *Provider) initialToken(r *http.Request, now time.Time) (string, error) {
	token, err := bearerOf(r)
	switch {
	case err != nil:
		return "", err
	case token == "" && p.cfg.Registration == RegistrationOpen && r.Header.Get("Authorization") == "":
		return "", nil
	case token == "":
		return "", oauth.Refuse(oauth.TokenMissing)
	}
	good, err := p.clients.InitialTokenGood(r.Context(), token, now)
	if err == nil && !good {
		err = p.refusedToken(r, now)
	}
	return token, err
}

// bearerOf returns the bearer token of a request, empty when there is none. Tokens of registration are not bound to keys.
func bearerOf(r *http.Request) (string, error) {
	token, byProof, err := oauth.AccessToken(r, nil)
	if byProof {
		token = ""
	}
	return token, err
}

// refusedToken records a wrong token, so that guessing is seen.
func (p *Provider) refusedToken(r *http.Request, now time.Time) error {
	return p.budget.Refuse(r, audit.Client(r.RemoteAddr).Action(audit.ClientRefused, nil), oauth.Refuse(oauth.RegistrationToken), now)
}

// registrationFault turns what is wrong with a registration into the answer of RFC 7591 section 3.2.2.
func registrationFault(err error) error {
	faults := client.Faults(err)
	if len(faults) == 0 {
		return err
	}
	code, texts := client.InvalidRedirectURI, make([]string, len(faults))
	for i, fault := range faults {
		texts[i] = fault.Error()
		if fault.Code != client.InvalidRedirectURI { // the redirect URIs may be wrong only because of the rest
			code = client.InvalidMetadata
		}
	}
	refusal := oauth.Refuse(oauth.RegistrationMetadata).Saying(descriptionOf(strings.Join(texts, "; ")))
	refusal.Code, refusal.Received = code, oauth.Safe(refusal.Description)
	return refusal
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
	}, oauth.Clip(text, longestDescription))
}

// jsonBody reads the body of a registration.
func jsonBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if err := oauth.CheckMediaType(r, "application/json", oauth.RegistrationType); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, client.LongestRegistration))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, oauth.Refuse(oauth.BodySlow).Because(err)
	}
	if err != nil {
		return nil, oauth.Refuse(oauth.RegistrationBody)
	}
	return text, nil
}
