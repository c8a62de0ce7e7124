package provider

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// codeField is a field of a frozen request that stands for a device, beside [page.DeviceField], which has the ID of the storage.DeviceRequest. The
// code is sealed: the person compares it once more before deciding.
const codeField = "user_code"

// How many wrong user codes are free of a wait that grows, and how long they are remembered. Another browser is easily come by, another
// network less so.
const (
	userCodesOfOne, forgetBrowser     = 5, 10 * time.Minute
	userCodesOfNetwork, forgetNetwork = 30, time.Hour
)

// device is GET /device: the field for a code (RFC 8628 section 3.3), or with a flow the question. An address with a code in it only
// fills in the field: somebody else may have sent it.
func (p *Provider) device(c *gin.Context) error {
	switch c.Query("done") {
	case "allowed":
		return p.deviceMessage(c, templates.T("device.allowed_title"), templates.T("device.allowed"))
	case "cancelled":
		return p.deviceMessage(c, templates.T("device.cancelled_title"), templates.T("device.cancelled"))
	}
	if c.Query("flow") != "" {
		return p.askAboutDevice(c, http.StatusOK, templates.Text{}, time.Now())
	}
	view := templates.DeviceCode{UserCode: oauth.Clip(c.Query("user_code"), 64)}
	if code := plainUserCode(view.UserCode); code != "" {
		view.UserCode, view.Sent = showUserCode(code), true
	}
	return p.pages.Render(c, http.StatusOK, view)
}

func (p *Provider) deviceMessage(c *gin.Context, title, text templates.Text) error {
	return p.pages.Render(c, http.StatusOK, templates.Message{Title: title, Text: text})
}

// answerDevice is POST /device: a code, or with a flow the decision.
func (p *Provider) answerDevice(c *gin.Context) error {
	if c.Query("flow") != "" {
		return p.decideOnDevice(c, time.Now())
	}
	return p.takeUserCode(c, time.Now())
}

// takeUserCode freezes the request that a code stands for and goes on to its question. Guesses take room in their budgets before they are
// looked at.
func (p *Provider) takeUserCode(c *gin.Context, now time.Time) error {
	ctx, typed := c.Request.Context(), c.Request.PostForm.Get("user_code")
	code := plainUserCode(typed)
	if code == "" {
		return p.userCodeAgain(c, http.StatusUnprocessableEntity, templates.T("device.wrong"))
	}
	browser := p.signIns.Browser(c.Writer, c.Request)
	budgets, err := p.userCodeBudgets(c.Request, browser)
	if err != nil {
		return err
	}
	room, allowed, err := p.store.Attempts.Reserve(ctx, now, budgets...)
	if err != nil {
		return err
	}
	if !allowed {
		return p.userCodeLater(c, budgets, now)
	}
	device, err := p.store.Devices.ByUserCode(ctx, p.userCodeMAC(code), now)
	if errors.Is(err, storage.ErrNotFound) {
		return p.userCodeWrong(c, room, now)
	}
	if err := errors.Join(err, p.store.Attempts.Release(ctx, room)); err != nil {
		return err
	}
	flow, err := p.freezeDevice(ctx, device, code, browser, now)
	if errors.Is(err, storage.ErrNotFound) { // the client is gone
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	return page.ToFlow(c, p.cfg.Issuer+page.DevicePath, flow.ID)
}

// userCodeWrong counts a wrong guess.
func (p *Provider) userCodeWrong(c *gin.Context, room storage.Reservation, now time.Time) error {
	ctx := c.Request.Context()
	if err := p.store.Attempts.Fail(ctx, room, now); err != nil {
		return err
	}
	if err := p.audit.Record(ctx, p.userCodeEvent(c, audit.UserCodeRefused), now); err != nil {
		return err
	}
	return p.userCodeAgain(c, http.StatusUnprocessableEntity, templates.T("device.wrong"))
}

// userCodeBudgets returns the budgets of a guess. Whoever is signed in has one of their own, so that others at the same address do not stand in
// the way.
func (p *Provider) userCodeBudgets(r *http.Request, browser []byte) ([]storage.Budget, error) {
	signedIn, err := p.signIns.Current(r, "")
	if err == nil {
		return []storage.Budget{{Key: "user_code:user:" + signedIn.User().ID, Tries: userCodesOfOne, Forget: forgetNetwork}}, nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	network := hex.EncodeToString(p.store.MAC("user codes of a network", storage.ClientNetwork(limit.ClientIP(r)).String()))
	return []storage.Budget{
		{Key: "user_code:browser:" + hex.EncodeToString(browser), Tries: userCodesOfOne, Forget: forgetBrowser},
		{Key: "user_code:network:" + network, Tries: userCodesOfNetwork, Forget: forgetNetwork},
	}, nil
}

func (p *Provider) userCodeEvent(c *gin.Context, name audit.Name) audit.Event {
	return audit.Event{Name: name, Actor: audit.ActorUser, Address: c.Request.RemoteAddr}
}

// userCodeAgain shows the field with what is wrong.
func (p *Provider) userCodeAgain(c *gin.Context, status int, message templates.Text) error {
	return p.pages.Render(c, status, templates.DeviceCode{
		Page: templates.Page{Error: message}, UserCode: oauth.Clip(c.Request.PostForm.Get("user_code"), 64),
	})
}

// userCodeLater refuses a guess, right or wrong, because too many were wrong.
func (p *Provider) userCodeLater(c *gin.Context, budgets []storage.Budget, now time.Time) error {
	ctx := c.Request.Context()
	event := p.userCodeEvent(c, audit.UserCodeThrottled)
	if err := p.budget.Record(ctx, event, now); err != nil {
		return err
	}
	var keys []string
	for _, b := range budgets {
		keys = append(keys, b.Key)
	}
	states, err := p.store.Attempts.States(ctx, keys...)
	if err != nil {
		return err
	}
	wait := time.Minute
	for _, state := range states {
		wait = max(wait, state.BlockedUntil.Sub(now))
	}
	c.Header("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return p.userCodeAgain(c, http.StatusTooManyRequests, templates.WaitMessage(wait))
}

// freezeDevice saves the question about a device for the browser in which its code was typed.
func (p *Provider) freezeDevice(ctx context.Context, d storage.DeviceRequest, code string, browser []byte, now time.Time) (storage.Flow, error) {
	id := storage.NewID()
	sealed, err := p.store.Keyset().Seal([]byte(code), "flows", codeField, id)
	if err != nil {
		return storage.Flow{}, err
	}
	request := url.Values{
		page.DeviceField: {d.ID}, "client_id": {d.ClientID}, "scope": {strings.Join(d.Scopes, " ")}, codeField: {base64.RawURLEncoding.EncodeToString(sealed)},
	}
	flow := storage.Flow{
		ID: id, BrowserHash: browser, ClientID: d.ClientID, Request: request.Encode(),
		CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(p.cfg.FlowLife)),
	}
	return flow, p.store.Flows.Add(ctx, flow)
}

// openUserCode returns the code that freezeDevice sealed.
func (p *Provider) openUserCode(flow storage.Flow, sealed string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		text, err = p.store.Keyset().Open(text, "flows", codeField, flow.ID)
	}
	if err != nil {
		return "", fmt.Errorf("read the user code of flow %s: %w", flow.ID, err)
	}
	return string(text), nil
}
