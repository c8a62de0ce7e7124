package provider

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

const (
	devicePrefix   = "pst_dc_"
	deviceLife     = 10 * time.Minute
	deviceInterval = 5 * time.Second
	// deviceSlower is added to the interval of a device that polls too often (RFC 8628 section 3.5).
	deviceSlower = 5 * time.Second
	// deviceSlack is how much too early a poll may come: the network does not carry each equally fast.
	deviceSlack = time.Second
)

// How many codes may be asked for within deviceLife: by a client that cannot prove itself from one address, and by one that can, which asks
// for all its devices.
const (
	devicesUnproven = 30
	devicesProven   = 1000
)

// authorizeDevice is the device authorization endpoint (RFC 8628 section 3.1).
func (p *Provider) authorizeDevice(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	form, err := formBody(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := p.authenticate(ctx, c.Request, form, now)
	if err != nil {
		return err
	}
	if !slices.Contains(caller.GrantTypes, client.GrantDevice) {
		return fosite.ErrUnauthorizedClient
	}
	scopes, err := scopesOf(form.Get("scope"), caller)
	if err != nil {
		return err
	}
	if err := p.limitDevices(ctx, caller, c.Request, now); err != nil {
		return err
	}
	deviceCode, userCode, err := p.askForDevice(ctx, storage.DeviceRequest{
		ID: storage.NewID(), ClientID: caller.ID, Scopes: scopes, Address: audit.ShortAddress(c.Request.RemoteAddr), Browser: templates.DescribeBrowser(c.Request.UserAgent()),
		Interval: int64(deviceInterval / time.Second), CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(deviceLife)),
	})
	if err != nil {
		return err
	}
	page, shown := p.cfg.Issuer+devicePath, showUserCode(userCode)
	noStore(c)
	c.JSON(http.StatusOK, gin.H{
		"device_code": deviceCode, "user_code": shown, "verification_uri": page,
		"verification_uri_complete": page + "?" + url.Values{"user_code": {shown}}.Encode(),
		"expires_in":                int64(deviceLife / time.Second), "interval": int64(deviceInterval / time.Second),
	})
	return nil
}

func (p *Provider) limitDevices(ctx context.Context, caller *client.Client, r *http.Request, now time.Time) error {
	key, limit := "devices:"+caller.ID, devicesProven
	if caller.Public() {
		key, limit = "devices:"+hex.EncodeToString(p.store.MAC("devices of an address", callerKey(r, caller.ID))), devicesUnproven
	}
	allowed, until, err := p.store.CountEvent(ctx, key, limit, deviceLife, now)
	if err == nil && !allowed {
		return tooMany(oauth.SlowDown, "Too many codes were asked for. Please try again later.", until.Sub(now))
	}
	return err
}

// askForDevice gives d its two codes and stores it.
func (p *Provider) askForDevice(ctx context.Context, d storage.DeviceRequest) (deviceCode, userCode string, err error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	deviceCode = devicePrefix + strictBase64.EncodeToString(secret)
	d.DeviceHash = storage.Hash(deviceCode)
	for range 5 { // the chance that a code is taken is one in millions
		userCode = newUserCode()
		d.UserMAC = p.userCodeMAC(userCode)
		if err = p.store.AskForDevice(ctx, d); !errors.Is(err, storage.ErrStale) {
			break
		}
	}
	return deviceCode, userCode, err
}

func (p *Provider) userCodeMAC(plain string) []byte { return p.store.MAC("user code", plain) }

// grantCodeOf returns what the grant of an approved request has as the hash of its code. It is not the hash of the device code, which
// would then be good for the grant authorization_code as well.
func grantCodeOf(d storage.DeviceRequest) []byte {
	return storage.Hash("device " + string(d.DeviceHash))
}

// deviceHandler answers the polls of devices (RFC 8628 sections 3.4 and 3.5), which fosite knows nothing of.
type deviceHandler struct{ p *Provider }

var _ fosite.TokenEndpointHandler = deviceHandler{}

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (h deviceHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h deviceHandler) CanHandleTokenEndpointRequest(_ context.Context, request fosite.AccessRequester) bool {
	return request.GetGrantTypes().ExactOne(client.GrantDevice)
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler. The code of another client is no code, whatever became of it.
func (h deviceHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	u, code := unitOf(ctx), request.GetRequestForm().Get("device_code")
	switch {
	case !slices.Contains(u.client.GrantTypes, client.GrantDevice):
		return fosite.ErrUnauthorizedClient
	case code == "":
		return oauth.Refuse(oauth.DeviceCodeMissing)
	}
	asked, err := h.p.store.DeviceByCode(ctx, storage.Hash(code))
	if errors.Is(err, storage.ErrNotFound) || err == nil && asked.ClientID != u.client.ID {
		return fosite.ErrInvalidGrant
	}
	if err != nil {
		return u.note(err)
	}
	switch {
	case !asked.DeniedAt.IsZero():
		return oauth.Refuse(oauth.PersonRefused)
	case !u.now.Before(asked.ExpiresAt.Time) && asked.ApprovedAt.IsZero():
		return oauth.Refuse(oauth.DeviceCodeExpired)
	case asked.ApprovedAt.IsZero():
		return h.pending(ctx, asked)
	}
	return h.approved(ctx, asked, request)
}

// pending answers a poll before the person has decided.
func (h deviceHandler) pending(ctx context.Context, asked storage.DeviceRequest) error {
	u := unitOf(ctx)
	err := h.p.store.PollDevice(ctx, asked.ID, deviceSlack, deviceSlower, u.now)
	switch {
	case errors.Is(err, storage.ErrStale):
		return oauth.Refuse(oauth.DeviceSlowDown)
	case err != nil:
		return u.note(err)
	}
	return oauth.Refuse(oauth.DevicePending)
}

// approved finds the grant that the person's decision made. It ends like any other, so that nothing is issued for a user who was disabled or
// signed out meanwhile.
func (h deviceHandler) approved(ctx context.Context, asked storage.DeviceRequest, request fosite.AccessRequester) error {
	u := unitOf(ctx)
	state, err := h.p.grants.GrantByCode(ctx, grantCodeOf(asked))
	if errors.Is(err, storage.ErrNotFound) {
		return fosite.ErrInvalidGrant
	}
	if err != nil {
		return u.note(err)
	}
	switch {
	case !state.CodeUsedAt.IsZero(), state.Ended(u.now):
		return fosite.ErrInvalidGrant
	case !u.now.Before(state.CodeExpiresAt.Time):
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

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler: access token and, for the time after the sign-in, refresh token.
func (h deviceHandler) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, request) {
		return fosite.ErrUnknownRequest
	}
	made := tokens(h)
	access, _, err := made.GenerateAccessToken(ctx, request)
	if err != nil {
		return err
	}
	response.SetAccessToken(access)
	response.SetTokenType("bearer")
	response.SetScopes(request.GetGrantedScopes())
	if !slices.Contains(request.GetGrantedScopes(), "offline_access") || !slices.Contains(unitOf(ctx).client.GrantTypes, client.GrantRefresh) {
		return nil
	}
	refresh, _, err := made.GenerateRefreshToken(ctx, request)
	if err != nil {
		return err
	}
	response.SetExtra("refresh_token", refresh)
	return nil
}

// redeemDevice spends the device code. Losing to another poll of the same device is no theft: what the first one got stays good.
func (p *Provider) redeemDevice(ctx context.Context, u *unit) error {
	err := p.grants.RedeemCode(ctx, u.state.ID, p.redemption(u), u.now)
	if errors.Is(err, storage.ErrStale) {
		return fosite.ErrInvalidGrant
	}
	return err
}
