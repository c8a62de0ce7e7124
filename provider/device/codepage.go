package device

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// show is GET /device: the field for a user code (RFC 8628 section 3.3), or the question when the URL names a flow. A code in the URL only fills
// in the field, because somebody else may have sent the link.
func (e *Endpoint) show(c *gin.Context) error {
	switch c.Query("done") {
	case "allowed":
		return e.showMessage(c, templates.T("device.allowed_title"), templates.T("device.allowed"))
	case "cancelled":
		return e.showMessage(c, templates.T("device.cancelled_title"), templates.T("device.cancelled"))
	}
	if c.Query("flow") != "" {
		return e.ask(c, http.StatusOK, templates.Text{}, time.Now())
	}
	view := templates.DeviceCode{UserCode: oauth.Clip(c.Query("user_code"), 64)}
	if code := readUserCode(view.UserCode); code != "" {
		view.UserCode, view.Sent = formatUserCode(code), true
	}
	return e.cfg.Pages.Render(c, http.StatusOK, view)
}

func (e *Endpoint) showMessage(c *gin.Context, title, text templates.Text) error {
	return e.cfg.Pages.Render(c, http.StatusOK, templates.Message{Title: title, Text: text})
}

// submit is POST /device: a user code, or the decision when the URL names a flow.
func (e *Endpoint) submit(c *gin.Context) error {
	if c.Query("flow") != "" {
		return e.decide(c, time.Now())
	}
	return e.submitUserCode(c, time.Now())
}

// submitUserCode freezes the request with a user code and redirects to its question. Each guess reserves room in its budgets before the code is
// looked up.
func (e *Endpoint) submitUserCode(c *gin.Context, now time.Time) error {
	ctx, code := c.Request.Context(), readUserCode(c.Request.PostForm.Get("user_code"))
	if code == "" {
		return e.showCodeError(c, http.StatusUnprocessableEntity, templates.T("device.wrong"))
	}
	browser := e.cfg.SignIns.Browser(c.Writer, c.Request)
	budgets, err := e.guessBudgets(c.Request, browser)
	if err != nil {
		return err
	}
	room, allowed, err := e.cfg.Store.Attempts.Reserve(ctx, now, budgets...)
	if err != nil {
		return err
	}
	if !allowed {
		return e.refuseGuess(c, budgets, now)
	}
	request, err := e.cfg.Store.Devices.ByUserCode(ctx, e.userCodeMAC(code), now)
	if errors.Is(err, storage.ErrNotFound) {
		return e.failGuess(c, room, now)
	}
	if err := errors.Join(err, e.cfg.Store.Attempts.Release(ctx, room)); err != nil {
		return err
	}
	flow, err := e.freeze(ctx, request, code, browser, now)
	if errors.Is(err, storage.ErrNotFound) { // the client is gone
		return page.ErrOver
	}
	if err != nil {
		return err
	}
	return page.ToFlow(c, e.cfg.Issuer+page.DevicePath, flow.ID)
}

// showCodeError shows the field for a user code again, with an error message.
func (e *Endpoint) showCodeError(c *gin.Context, status int, message templates.Text) error {
	return e.cfg.Pages.Render(c, status, templates.DeviceCode{
		Page: templates.Page{Error: message}, UserCode: oauth.Clip(c.Request.PostForm.Get("user_code"), 64),
	})
}
