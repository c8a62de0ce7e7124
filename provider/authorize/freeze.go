package authorize

import (
	"errors"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/storage"
)

// frozenParameters are the parameters that this package or the pages use; others are ignored (RFC 6749 section 3.1).
var frozenParameters = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
	"prompt", "max_age", "id_token_hint", "acr_values", "claims", "login_hint", "ui_locales", "dpop_jkt",
}

// frozen returns the parameters of the request that a flow keeps, form-encoded.
func (a *request) frozen() string {
	kept := url.Values{}
	for _, name := range frozenParameters {
		if a.form.Has(name) {
			kept.Set(name, a.form.Get(name))
		}
	}
	if a.pushedHash() != nil {
		kept.Set("request_uri", a.form.Get("request_uri"))
	}
	return kept.Encode()
}

// freeze stores the request as a flow while a person visits pages. It returns flow itself if that is not zero, because the request was stored before.
// user is empty if nobody is signed in.
func (e *Endpoint) freeze(c *gin.Context, a *request, flow storage.Flow, user string, now time.Time) (storage.Flow, error) {
	if flow.ID != "" {
		return flow, nil
	}
	if user == "" {
		user = e.cfg.SignIns.TrustedBrowser(c.Request)
	}
	if err := e.cfg.Limits.begin(c.Request, a.client.ID, user, now); err != nil {
		return flow, err
	}
	flow = storage.Flow{
		ID: storage.NewID(), BrowserHash: e.cfg.SignIns.Browser(c.Writer, c.Request), ClientID: a.client.ID, Request: a.frozen(),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(e.cfg.FlowLife)),
	}
	err := e.cfg.Store.Flows.Add(c.Request.Context(), flow)
	if errors.Is(err, storage.ErrNotFound) { // another replica has removed the client
		return flow, page.ErrOver
	}
	if err == nil {
		e.cfg.SignIns.RememberRequest(c.Writer, c.Request, flow.ID, a.client.ID)
	}
	return flow, err
}

// deny ends the flow and tells the client that the person refused the request.
func (e *Endpoint) deny(c *gin.Context, a *request, flow storage.Flow) error {
	if err := e.cfg.Store.Flows.End(c.Request.Context(), flow.ID); errors.Is(err, storage.ErrStale) {
		return page.ErrOver
	} else if err != nil {
		return err
	}
	return e.respondError(c, a, oauth.Refuse(oauth.PersonRefused))
}
