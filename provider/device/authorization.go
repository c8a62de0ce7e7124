package device

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
	codeLife     = 10 * time.Minute // of both codes
	pollInterval = 5 * time.Second
)

// Limits of requests within codeLife: from a public client at one client IP, and from a confidential client, which sends the requests of all its
// devices.
const (
	requestsOfPublic       = 30
	requestsOfConfidential = 1000
)

// authorize is the device authorization endpoint (RFC 8628 section 3.1).
func (e *Endpoint) authorize(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := e.cfg.Auth.Authenticate(c.Request, form, now)
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
	if err := e.limitRequests(ctx, caller, c.Request, now); err != nil {
		return err
	}
	deviceCode, userCode, err := e.issueCodes(ctx, storage.DeviceRequest{
		ID: storage.NewID(), ClientID: caller.ID, Scopes: scopes,
		ClientIP: audit.ShortAddress(c.Request.RemoteAddr), Browser: templates.DescribeBrowser(c.Request.UserAgent()),
		Interval: int64(pollInterval / time.Second), CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(codeLife)),
	})
	if err != nil {
		return err
	}
	uri, shown := e.cfg.Issuer+page.DevicePath, formatUserCode(userCode)
	oauth.NoStore(c)
	c.JSON(http.StatusOK, gin.H{
		"device_code": deviceCode, "user_code": shown, "verification_uri": uri,
		"verification_uri_complete": uri + "?" + url.Values{"user_code": {shown}}.Encode(),
		"expires_in":                int64(codeLife / time.Second), "interval": int64(pollInterval / time.Second),
	})
	return nil
}

// limitRequests counts a request. Errors: an [oauth.Refusal] if there were too many.
func (e *Endpoint) limitRequests(ctx context.Context, caller *client.Client, r *http.Request, now time.Time) error {
	key, most := "devices:"+caller.ID, requestsOfConfidential
	if caller.Public() {
		mac := e.cfg.Store.MAC("devices of an address", limit.CallerKey(r, caller.ID))
		key, most = "devices:"+hex.EncodeToString(mac), requestsOfPublic
	}
	allowed, until, err := e.cfg.Store.Attempts.Allow(ctx, key, most, codeLife, now)
	if err == nil && !allowed {
		return oauth.TryLater(oauth.SlowDown, "Too many codes were asked for. Please try again later.", until.Sub(now))
	}
	return err
}

// issueCodes makes the two codes of d and stores it.
func (e *Endpoint) issueCodes(ctx context.Context, d storage.DeviceRequest) (deviceCode, userCode string, err error) {
	deviceCode = token.NewDeviceCode()
	d.DeviceHash = storage.Hash(deviceCode)
	for range 5 { // a random code is rarely taken
		userCode = newUserCode()
		d.UserMAC = e.userCodeMAC(userCode)
		if err = e.cfg.Store.Devices.Add(ctx, d); !errors.Is(err, storage.ErrStale) {
			break
		}
	}
	return deviceCode, userCode, err
}

func (e *Endpoint) userCodeMAC(code string) []byte { return e.cfg.Store.MAC("user code", code) }
