package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

const (
	// requestURIPrefix begins the request_uri of a pushed request (RFC 9126 section 2.2).
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:"
	pushedLife       = time.Minute // until a browser comes with it
	// pushedKept is how long that browser may take, reloads included, and a late one is told where to go.
	pushedKept = 15 * time.Minute
)

// push is the pushed authorization request endpoint (RFC 9126): a client sends its request ahead, proves who it is, and gets a name for it
// that the browser brings. What is stored are the parameters that mean something, so no credentials.
func (p *Provider) push(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	form, err := formBody(c.Writer, c.Request)
	if err != nil {
		return err
	}
	caller, err := p.authenticate(ctx, c.Request, form, now)
	if err != nil {
		return err
	}
	shown, err := p.clientProof(c.Request, "/oauth2/par", caller, now)
	if err != nil {
		return err
	}
	if form.Has("request_uri") {
		return oauth.Refuse(oauth.RequestURIPushed)
	}
	form.Set("client_id", caller.ID)
	if form, err = p.openRequest(ctx, caller, form, form.Get("request"), now); err != nil {
		return err
	}
	if err := bindToKey(form, shown); err != nil {
		return err
	}
	a, err := p.requestOf(caller, form)
	if mistake := new(pageError); errors.As(err, &mistake) {
		return mistake.refusal.Saying("The redirect URI is not registered for this client.")
	}
	if err == nil {
		err = p.validate(a, now)
	}
	if err != nil {
		return err
	}
	if err := p.spendProof(ctx, shown); err != nil {
		return err
	}
	if err := p.mayPush(c.Request, caller, now); err != nil {
		return err
	}
	uri, err := p.keepPushed(ctx, a, now)
	if err != nil {
		return err
	}
	p.offerNonce(c.Writer.Header(), shown, now)
	noStore(c)
	c.JSON(http.StatusCreated, gin.H{"request_uri": uri, "expires_in": int64(pushedLife / time.Second)})
	return nil
}

// keepPushed stores a request and returns the name that it gets.
func (p *Provider) keepPushed(ctx context.Context, a *authRequest, now time.Time) (uri string, err error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	uri = requestURIPrefix + strictBase64.EncodeToString(secret)
	return uri, p.store.PushRequest(ctx, storage.PushedRequest{
		Hash: storage.Hash(uri), ClientID: a.client.ID, Request: a.frozen(),
		CreatedAt: storage.At(now), UsableUntil: storage.At(now.Add(pushedLife)), ExpiresAt: storage.At(now.Add(pushedKept)),
	})
}

// bindToKey binds the code of a pushed request to the key of the proof that came with it (RFC 9449 section 10.1).
func bindToKey(form url.Values, shown proof) error {
	switch {
	case shown.jkt == "":
		return nil
	case form.Has("dpop_jkt") && form.Get("dpop_jkt") != shown.jkt:
		return oauth.Refuse(oauth.ThumbprintOfAnotherKey)
	}
	form.Set("dpop_jkt", shown.jkt)
	return nil
}

// pushedRequest returns the request that a client pushed, in place of everything that the browser brought (RFC 9126 section 4). An error that
// comes with a form can be sent to the app.
func (p *Provider) pushedRequest(c *gin.Context, found *client.Client, front url.Values, now time.Time) (url.Values, error) {
	uri := front.Get("request_uri")
	browser := p.signIns.Browser(c.Writer, c.Request)
	text, err := p.store.TakePushedRequest(c.Request.Context(), storage.Hash(uri), found.ID, browser, now)
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

// pushedHash returns the hash of the pushed request that a is, nil when it is none.
func (a *authRequest) pushedHash() []byte {
	if uri := a.form.Get("request_uri"); strings.HasPrefix(uri, requestURIPrefix) {
		return storage.Hash(uri)
	}
	return nil
}
