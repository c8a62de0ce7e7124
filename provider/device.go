package provider

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/decision"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

const (
	deviceLife     = 10 * time.Minute
	deviceInterval = 5 * time.Second
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
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := p.auth.Authenticate(c.Request, form, now)
	if err != nil {
		return err
	}
	if !slices.Contains(caller.GrantTypes, client.GrantDevice) {
		return oauth.Refuse(oauth.GrantTypeUnregistered).Because(errors.New(oauth.UnauthorizedClient))
	}
	scopes, err := decision.ReadScopes(form.Get("scope"), caller)
	if err != nil {
		return err
	}
	if err := p.limitDevices(ctx, caller, c.Request, now); err != nil {
		return err
	}
	deviceCode, userCode, err := p.askForDevice(ctx, storage.DeviceRequest{
		ID: storage.NewID(), ClientID: caller.ID, Scopes: scopes, ClientIP: audit.ShortAddress(c.Request.RemoteAddr), Browser: templates.DescribeBrowser(c.Request.UserAgent()),
		Interval: int64(deviceInterval / time.Second), CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(deviceLife)),
	})
	if err != nil {
		return err
	}
	address, shown := p.cfg.Issuer+page.DevicePath, showUserCode(userCode)
	oauth.NoStore(c)
	c.JSON(http.StatusOK, gin.H{
		"device_code": deviceCode, "user_code": shown, "verification_uri": address,
		"verification_uri_complete": address + "?" + url.Values{"user_code": {shown}}.Encode(),
		"expires_in":                int64(deviceLife / time.Second), "interval": int64(deviceInterval / time.Second),
	})
	return nil
}

func (p *Provider) limitDevices(ctx context.Context, caller *client.Client, r *http.Request, now time.Time) error {
	key, most := "devices:"+caller.ID, devicesProven
	if caller.Public() {
		key, most = "devices:"+hex.EncodeToString(p.store.MAC("devices of an address", limit.CallerKey(r, caller.ID))), devicesUnproven
	}
	allowed, until, err := p.store.Attempts.Allow(ctx, key, most, deviceLife, now)
	if err == nil && !allowed {
		return oauth.TryLater(oauth.SlowDown, "Too many codes were asked for. Please try again later.", until.Sub(now))
	}
	return err
}

// askForDevice gives d its two codes and stores it.
func (p *Provider) askForDevice(ctx context.Context, d storage.DeviceRequest) (deviceCode, userCode string, err error) {
	deviceCode = token.NewDeviceCode()
	d.DeviceHash = storage.Hash(deviceCode)
	for range 5 { // the chance that a code is taken is one in millions
		userCode = newUserCode()
		d.UserMAC = p.userCodeMAC(userCode)
		if err = p.store.Devices.Add(ctx, d); !errors.Is(err, storage.ErrStale) {
			break
		}
	}
	return deviceCode, userCode, err
}

func (p *Provider) userCodeMAC(plain string) []byte { return p.store.MAC("user code", plain) }
