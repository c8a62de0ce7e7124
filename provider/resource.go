package provider

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

// admit returns the access token of a request to the UserInfo endpoint and its client if the token is good, meant for this endpoint, and, when it
// is bound to a key, shown with a proof of that key. A token for other resource servers alone is refused, or each of them could read the
// person's data here (RFC 9068 section 4). A bound token without proof may be stolen, and a proof for a token that is not bound proves
// nothing (RFC 9449 section 7.2).
func (p *Provider) admit(c *gin.Context, text string, byProof bool, now time.Time) (token.Valid, *client.Client, error) {
	if text == "" {
		return token.Valid{}, nil, errNoToken
	}
	ctx := c.Request.Context()
	shown, err := p.tokens.Validate(ctx, text, now)
	if err != nil {
		return token.Valid{}, nil, err
	}
	owner, err := p.clients.Client(ctx, shown.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound): // removed just now
		return token.Valid{}, nil, oauth.Refuse(oauth.AccessTokenEnded)
	case err != nil:
		return token.Valid{}, nil, err
	}
	oauth.NoteCaller(ctx, owner.ID, owner)
	switch audience := p.tokens.Audience(owner, shown.AccessToken); {
	case byProof != (shown.JKT != ""):
		return token.Valid{}, nil, oauth.Refuse(oauth.AccessTokenScheme)
	case !slices.Contains(audience, p.cfg.Issuer):
		return token.Valid{}, nil, oauth.Refuse(oauth.AccessTokenAudience).Compare(strings.Join(audience, " "), p.cfg.Issuer)
	case byProof:
		err = p.prove(c, text, shown.JKT, now)
	}
	return shown, owner, err
}

// prove checks and uses up the proof that comes with a bound access token (RFC 9449 section 7.1).
func (p *Provider) prove(c *gin.Context, text, jkt string, now time.Time) error {
	shown, err := p.proofs.OfToken(c.Request, oauth.UserInfoPath, text, now)
	switch {
	case err == nil && shown.JKT == "":
		err = oauth.Refuse(oauth.ProofMissing)
	case err == nil && shown.JKT != jkt:
		return oauth.Refuse(oauth.AccessTokenKey)
	case err == nil:
		err = p.proofs.Spend(c.Request.Context(), shown)
	}
	if fault := new(oauth.Refusal); errors.As(err, &fault) && fault.Status == http.StatusBadRequest {
		atResource := *fault
		atResource.Status = http.StatusUnauthorized
		return &atResource
	}
	p.proofs.Offer(c.Writer.Header(), shown, now)
	return err
}
