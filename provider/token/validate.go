package token

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// Valid is a valid access token with its grant.
type Valid struct {
	AccessToken
	Grant storage.GrantState // zero for client_credentials
}

// Validate returns the content of an access token that is valid at now: it is genuine, has not expired and was not revoked, and its grant, user and
// client are still active. It makes one query. Errors: an [oauth.Refusal] with the code invalid_token, [storage.ErrUnavailable].
func (i *Issuer) Validate(ctx context.Context, token string, now time.Time) (Valid, error) {
	t, ok := i.ReadAccessToken(token, now)
	if !ok || t.Expired(now) {
		return Valid{}, oauth.Refuse(oauth.AccessTokenUnknown)
	}
	if t.GrantID == "" {
		return i.validateOfClient(ctx, t)
	}
	state, err := i.grants.ByID(ctx, t.GrantID, t.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return Valid{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	if err != nil {
		return Valid{}, err
	}
	if state.Ended(now) || state.TokenRevoked {
		return Valid{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	return Valid{AccessToken: t, Grant: state}, nil
}

// validateOfClient validates a token of the grant type client_credentials. No row belongs to it, except for its revocation.
func (i *Issuer) validateOfClient(ctx context.Context, t AccessToken) (Valid, error) {
	c, err := i.clients.Client(ctx, t.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && c.Disabled {
		return Valid{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	if err != nil {
		return Valid{}, err
	}
	revoked, err := i.grants.AccessTokenRevoked(ctx, t.ID)
	if err != nil {
		return Valid{}, err
	}
	if revoked {
		return Valid{}, oauth.Refuse(oauth.AccessTokenEnded)
	}
	return Valid{AccessToken: t}, nil
}

// IsInvalid reports whether an error of [Issuer.Validate] says that the access token is not valid.
func IsInvalid(err error) bool {
	refusal := new(oauth.Refusal)
	return errors.As(err, &refusal) && refusal.Code == oauth.InvalidToken
}
