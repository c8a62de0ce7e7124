package registration

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// How many clients one address may register without an initial access token, and in which time.
const (
	clientsWithoutToken = 20
	restWithoutToken    = time.Hour
)

// create is the client registration endpoint (RFC 7591 section 3, OIDC Registration section 3).
func (e *Endpoint) create(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	token, err := e.authorize(c.Request, now)
	if err != nil {
		return err
	}
	text, err := readBody(c.Writer, c.Request)
	if err != nil {
		return metadataRefusal(err)
	}
	said, err := client.ReadRegistration(text, nil)
	if err == nil {
		err = e.checkSector(ctx, said.Metadata, cmp.Or(token, limit.CallerKey(c.Request, "")), now)
	}
	if err != nil {
		return metadataRefusal(err)
	}
	said.PKCERequired = said.PKCERequired || e.cfg.PKCERequired
	made, err := e.register(ctx, said.Metadata, token, c.Request, now)
	switch {
	case errors.Is(err, storage.ErrNotFound): // used up meanwhile
		return oauth.Refuse(oauth.RegistrationToken)
	case errors.Is(err, client.ErrFull):
		return oauth.Refuse(oauth.RegistrationFull).Because(err)
	case err != nil:
		return metadataRefusal(err)
	}
	return e.show(c, http.StatusCreated, made)
}

// register registers a client and spends one use of the initial access token. A client without a token is counted for its address, in the same
// transaction, so that a registration that an outage prevents does not count.
func (e *Endpoint) register(ctx context.Context, m client.Metadata, token string, r *http.Request, now time.Time) (made client.SelfRegistered, err error) {
	err = e.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if token == "" {
			if err := e.countWithoutToken(ctx, r, now); err != nil {
				return err
			}
		}
		made, err = e.cfg.Clients.Register(ctx, m, token, audit.Client(r.RemoteAddr), now)
		return err
	})
	return made, err
}

// countWithoutToken counts a client that an address registers without a token. Errors: an [oauth.Refusal] if there were too many.
func (e *Endpoint) countWithoutToken(ctx context.Context, r *http.Request, now time.Time) error {
	network := hex.EncodeToString(e.cfg.Store.MAC("client registrations of an address", storage.ClientNetwork(limit.ClientIP(r)).String()))
	allowed, until, err := e.cfg.Store.Attempts.Allow(ctx, "client registration:"+network, clientsWithoutToken, restWithoutToken, now)
	if err == nil && !allowed {
		return oauth.TryLater(oauth.AccessDenied, "Too many clients were registered from this address. Please try again later.", until.Sub(now))
	}
	return err
}

// authorize returns the initial access token of a request if it is valid; empty if the request has no token and the policy is [Open]. Errors: an
// [oauth.Refusal], [storage.ErrUnavailable].
func (e *Endpoint) authorize(r *http.Request, now time.Time) (string, error) {
	token, err := bearerToken(r)
	switch {
	case err != nil:
		return "", err
	case token == "" && e.cfg.Policy == Open && r.Header.Get("Authorization") == "":
		return "", nil
	case token == "":
		return "", oauth.Refuse(oauth.TokenMissing)
	}
	good, err := e.cfg.Clients.InitialTokenGood(r.Context(), token, now)
	if err == nil && !good {
		err = e.refuseToken(r, now)
	}
	return token, err
}

// bearerToken returns the bearer token of a request; empty if it has none, or one with the scheme DPoP, because the tokens for registration are not
// bound to keys.
func bearerToken(r *http.Request) (string, error) {
	token, byProof, err := oauth.AccessToken(r, nil)
	if byProof {
		token = ""
	}
	return token, err
}

// refuseToken returns the refusal of a wrong token, and records the attempt, so that operators notice guessing.
func (e *Endpoint) refuseToken(r *http.Request, now time.Time) error {
	return e.cfg.Budget.Refuse(r, audit.Client(r.RemoteAddr).Action(audit.ClientRefused, nil), oauth.Refuse(oauth.RegistrationToken), now)
}

// metadataRefusal turns the faults of a registration into a refusal (RFC 7591 section 3.2.2). It returns any other error unchanged.
func metadataRefusal(err error) error {
	faults := client.Faults(err)
	if len(faults) == 0 {
		return err
	}
	code, texts := client.InvalidRedirectURI, make([]string, len(faults))
	for i, fault := range faults {
		texts[i] = fault.Error()
		if fault.Code != client.InvalidRedirectURI { // the redirect URIs may be wrong only because of the other fault
			code = client.InvalidMetadata
		}
	}
	refusal := oauth.Refuse(oauth.RegistrationMetadata).Saying(descriptionOf(strings.Join(texts, "; ")))
	refusal.Code, refusal.Received = code, oauth.Safe(refusal.Description)
	return refusal
}

// longestDescription is the length at which the description of faults is cut, in bytes.
const longestDescription = 1000

// descriptionOf turns text into an error_description, which may have printable ASCII without quotes and backslashes only (RFC 6749 section 5.2).
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

// readBody reads the body of a registration. Errors: an [oauth.Refusal].
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
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
