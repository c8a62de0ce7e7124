package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// The polling of devices (RFC 8628 section 3.5).
const (
	// deviceSlower is added to the interval of a device that polls too often.
	deviceSlower = 5 * time.Second
	// deviceSlack is by how much a poll may be early, because the network delays some polls more than others.
	deviceSlack = time.Second
)

// deviceHandler answers the polls of devices (RFC 8628 sections 3.4 and 3.5), which fosite does not support.
type deviceHandler struct{ e *Engine }

var _ fosite.TokenEndpointHandler = deviceHandler{}

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (h deviceHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h deviceHandler) CanHandleTokenEndpointRequest(_ context.Context, request fosite.AccessRequester) bool {
	return request.GetGrantTypes().ExactOne(client.GrantDevice)
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler. It refuses the code of another client like an unknown one, whatever the state of
// the code.
func (h deviceHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	u, code := unitOf(ctx), request.GetRequestForm().Get("device_code")
	switch {
	case !slices.Contains(u.Client.GrantTypes, client.GrantDevice):
		return fosite.ErrUnauthorizedClient
	case code == "":
		return oauth.Refuse(oauth.DeviceCodeMissing)
	}
	asked, err := h.e.cfg.Devices.ByDeviceCode(ctx, storage.Hash(code))
	if errors.Is(err, storage.ErrNotFound) || err == nil && asked.ClientID != u.Client.ID {
		return fosite.ErrInvalidGrant
	}
	if err != nil {
		return u.note(err)
	}
	switch {
	case !asked.DeniedAt.IsZero():
		return oauth.Refuse(oauth.PersonRefused)
	case !u.Now.Before(asked.ExpiresAt.Time) && asked.ApprovedAt.IsZero():
		return oauth.Refuse(oauth.DeviceCodeExpired)
	case asked.ApprovedAt.IsZero():
		return h.pending(ctx, asked)
	}
	return h.approved(ctx, asked, request)
}

// pending answers a poll before the person has decided.
func (h deviceHandler) pending(ctx context.Context, asked storage.DeviceRequest) error {
	u := unitOf(ctx)
	err := h.e.cfg.Devices.Poll(ctx, asked.ID, deviceSlack, deviceSlower, u.Now)
	switch {
	case errors.Is(err, storage.ErrStale):
		return oauth.Refuse(oauth.DeviceSlowDown)
	case err != nil:
		return u.note(err)
	}
	return oauth.Refuse(oauth.DevicePending)
}

// approved loads the grant that was stored when the person allowed access. The grant can end like any other, so nothing is issued for a user who was
// disabled or signed out meanwhile.
func (h deviceHandler) approved(ctx context.Context, asked storage.DeviceRequest, request fosite.AccessRequester) error {
	u := unitOf(ctx)
	state, err := h.e.cfg.Grants.ByCode(ctx, token.DeviceGrantHash(asked))
	if errors.Is(err, storage.ErrNotFound) {
		return fosite.ErrInvalidGrant
	}
	if err != nil {
		return u.note(err)
	}
	switch {
	case !state.CodeUsedAt.IsZero(), state.Ended(u.Now):
		return fosite.ErrInvalidGrant
	case !u.Now.Before(state.CodeExpiresAt.Time):
		return oauth.Refuse(oauth.DeviceCodeExpired)
	}
	if err := u.load(state); err != nil {
		return err
	}
	for _, scope := range state.Scopes {
		request.GrantScope(scope)
	}
	return nil
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler: it adds the access token and, for offline access, the refresh token.
func (h deviceHandler) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, request) {
		return fosite.ErrUnknownRequest
	}
	made := strategy(h)
	access, _, err := made.GenerateAccessToken(ctx, request)
	if err != nil {
		return err
	}
	response.SetAccessToken(access)
	response.SetTokenType("bearer")
	response.SetScopes(request.GetGrantedScopes())
	if !slices.Contains(request.GetGrantedScopes(), "offline_access") || !slices.Contains(unitOf(ctx).Client.GrantTypes, client.GrantRefresh) {
		return nil
	}
	refresh, _, err := made.GenerateRefreshToken(ctx, request)
	if err != nil {
		return err
	}
	response.SetExtra("refresh_token", refresh)
	return nil
}
