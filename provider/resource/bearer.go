package resource

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// authorize validates the access token of a request to UserInfo and returns it with its client. The token must have this server in its audience;
// otherwise each resource server that gets the token could read the person's data here (RFC 9068 section 4). A token that is bound to a key needs a
// proof of that key, because the token may be stolen, and any other token must have no proof (RFC 9449 section 7.2). Errors: an [oauth.Refusal]. It
// has no code if the request has no token: the client is told only how to send one (RFC 6750 section 3.1).
func (e *Endpoints) authorize(c *gin.Context, text string, byProof bool, now time.Time) (token.Valid, *client.Client, error) {
	if text == "" {
		return token.Valid{}, nil, oauth.Refuse(oauth.TokenMissing)
	}
	ctx := c.Request.Context()
	access, err := e.cfg.Tokens.Validate(ctx, text, now)
	if err != nil {
		return token.Valid{}, nil, err
	}
	owner, err := e.cfg.Clients.Client(ctx, access.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound): // removed just now
		return token.Valid{}, nil, oauth.Refuse(oauth.AccessTokenEnded)
	case err != nil:
		return token.Valid{}, nil, err
	}
	oauth.NoteCaller(ctx, owner.ID, owner)
	switch audience := e.cfg.Tokens.Audience(owner, access.AccessToken); {
	case byProof != (access.JKT != ""):
		return token.Valid{}, nil, oauth.Refuse(oauth.AccessTokenScheme)
	case !slices.Contains(audience, e.cfg.Issuer):
		return token.Valid{}, nil, oauth.Refuse(oauth.AccessTokenAudience).Compare(strings.Join(audience, " "), e.cfg.Issuer)
	case byProof:
		err = e.requireProof(c, text, access.JKT, now)
	}
	return access, owner, err
}

// requireProof requires proof of possession of the key with the thumbprint jkt (RFC 9449 section 7.1), and uses up the proof. Errors: an
// [oauth.Refusal] with status 401.
func (e *Endpoints) requireProof(c *gin.Context, text, jkt string, now time.Time) error {
	proof, err := e.cfg.Proofs.OfToken(c.Request, oauth.UserInfoPath, text, now)
	switch {
	case err == nil && proof.JKT == "":
		err = oauth.Refuse(oauth.ProofMissing)
	case err == nil && proof.JKT != jkt:
		return oauth.Refuse(oauth.AccessTokenKey)
	case err == nil:
		err = e.cfg.Proofs.Spend(c.Request.Context(), proof)
	}
	if refusal := new(oauth.Refusal); errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest {
		atResource := *refusal
		atResource.Status = http.StatusUnauthorized
		return &atResource
	}
	e.cfg.Proofs.Offer(c.Writer.Header(), proof, now)
	return err
}
