package device

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/storage"
)

// userCodeField is the field of a frozen request with the sealed user code, which the person compares once more before deciding. The field
// [page.DeviceField] has the ID of the [storage.DeviceRequest].
const userCodeField = "user_code"

// freeze stores the question about a request as a flow of the browser in which its user code was typed. Errors: [storage.ErrNotFound] if the client
// is gone.
func (e *Endpoint) freeze(ctx context.Context, d storage.DeviceRequest, userCode string, browser []byte, now time.Time) (storage.Flow, error) {
	id := storage.NewID()
	sealed, err := e.cfg.Store.Keyset().Seal([]byte(userCode), "flows", userCodeField, id)
	if err != nil {
		return storage.Flow{}, err
	}
	request := url.Values{
		page.DeviceField: {d.ID}, "client_id": {d.ClientID}, "scope": {strings.Join(d.Scopes, " ")},
		userCodeField: {base64.RawURLEncoding.EncodeToString(sealed)},
	}
	flow := storage.Flow{
		ID: id, BrowserHash: browser, ClientID: d.ClientID, Request: request.Encode(),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(e.cfg.FlowLife)),
	}
	return flow, e.cfg.Store.Flows.Add(ctx, flow)
}

// openUserCode returns the user code that freeze sealed.
func (e *Endpoint) openUserCode(flow storage.Flow, sealed string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		text, err = e.cfg.Store.Keyset().Open(text, "flows", userCodeField, flow.ID)
	}
	if err != nil {
		return "", fmt.Errorf("read the user code of flow %s: %w", flow.ID, err)
	}
	return string(text), nil
}
