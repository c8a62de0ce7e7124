package authorize

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

const (
	// requestURIPrefix begins the request_uri of a pushed request (RFC 9126 section 2.2).
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:"
	pushedLife       = time.Minute // in which a browser must come with it
	// pushedKept is the time in which that browser must get its answer, reloads included. Until then, a request that comes too late still gets an
	// error at the client's redirect URI.
	pushedKept = 15 * time.Minute
)

// push is the pushed authorization request endpoint (RFC 9126): a client authenticates, sends its authorization request, and gets a request_uri for
// the browser. Only parameters of authorization requests are stored, so no credentials are.
func (e *Endpoint) push(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := e.cfg.Auth.Authenticate(c.Request, form, now)
	if err != nil {
		return err
	}
	shown, err := e.cfg.Proofs.OfClient(c.Request, oauth.PushPath, caller, now)
	if err != nil {
		return err
	}
	a, err := e.readPushed(ctx, caller, form, shown, now)
	if err != nil {
		return err
	}
	if err := e.cfg.Proofs.Spend(ctx, shown); err != nil {
		return err
	}
	if err := e.cfg.Limits.push(c.Request, caller, now); err != nil {
		return err
	}
	uri, err := e.keepPushed(ctx, a, now)
	if err != nil {
		return err
	}
	e.cfg.Proofs.Offer(c.Writer.Header(), shown, now)
	oauth.NoStore(c)
	c.JSON(http.StatusCreated, gin.H{"request_uri": uri, "expires_in": int64(pushedLife / time.Second)})
	return nil
}

// readPushed validates a request that a client pushes, and binds its code to the key of the request's DPoP proof.
func (e *Endpoint) readPushed(ctx context.Context, caller *client.Client, form url.Values, shown token.Proof, now time.Time) (*request, error) {
	if form.Has("request_uri") {
		return nil, oauth.Refuse(oauth.RequestURIPushed)
	}
	form.Set("client_id", caller.ID)
	form, err := e.openRequest(ctx, caller, form, form.Get("request"), now)
	if err != nil {
		return nil, err
	}
	if err := bindToKey(form, shown); err != nil {
		return nil, err
	}
	a, err := newRequest(caller, form)
	if mistake := new(page.Error); errors.As(err, &mistake) {
		return nil, mistake.Refusal.Saying("The redirect URI is not registered for this client.")
	}
	if err == nil {
		err = e.validate(a, now)
	}
	return a, err
}

// keepPushed stores a request and returns its request_uri.
func (e *Endpoint) keepPushed(ctx context.Context, a *request, now time.Time) (uri string, err error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	uri = requestURIPrefix + base64.RawURLEncoding.EncodeToString(secret)
	return uri, e.cfg.Store.PushedRequests.Add(ctx, storage.PushedRequest{
		Hash: storage.Hash(uri), ClientID: a.client.ID, Request: a.frozen(),
		CreatedAt: storage.At(now), UsableUntil: storage.At(now.Add(pushedLife)), ExpiresAt: storage.At(now.Add(pushedKept)),
	})
}

// bindToKey binds the code of a pushed request to the key of the request's DPoP proof (RFC 9449 section 10.1).
func bindToKey(form url.Values, shown token.Proof) error {
	switch {
	case shown.JKT == "":
		return nil
	case form.Has("dpop_jkt") && form.Get("dpop_jkt") != shown.JKT:
		return oauth.Refuse(oauth.ThumbprintOfAnotherKey)
	}
	form.Set("dpop_jkt", shown.JKT)
	return nil
}

// pushedRequest returns the request that a client pushed, which replaces all parameters from the browser (RFC 9126 section 4). An error that is
// returned together with a form can be sent to the app.
func (e *Endpoint) pushedRequest(c *gin.Context, found *client.Client, front url.Values, now time.Time) (url.Values, error) {
	uri := front.Get("request_uri")
	browser := e.cfg.SignIns.Browser(c.Writer, c.Request)
	text, err := e.cfg.Store.PushedRequests.Take(c.Request.Context(), storage.Hash(uri), found.ID, browser, now)
	if errors.Is(err, storage.ErrNotFound) {
		return front, oauth.Refuse(oauth.PushedUnknown)
	}
	late := errors.Is(err, storage.ErrStale)
	if err != nil && !late {
		return nil, err
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, err
	}
	form.Set("request_uri", uri) // used up when the request is answered
	if late {
		return form, oauth.Refuse(oauth.PushedOver)
	}
	return form, nil
}

// pushedHash returns the hash of the request_uri of a pushed request; nil if a was not pushed.
func (a *request) pushedHash() []byte {
	if uri := a.form.Get("request_uri"); strings.HasPrefix(uri, requestURIPrefix) {
		return storage.Hash(uri)
	}
	return nil
}
