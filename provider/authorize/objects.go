package authorize

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/postern-id/postern/provider/fetch"
)

// The bounds of remembering request objects. Anybody can send a request_uri that a client has registered: that must not cause a fetch each time.
const (
	longestObject = 64 << 10         // bytes
	objectKept    = 10 * time.Second // an object, or the error in its place
	mostObjects   = 200
	objectTime    = 6 * time.Second // for a fetch, which goes on when its caller is gone
)

// objects fetches request objects and remembers them for a moment. Requests that need the same object at the same time share one fetch.
type objects struct {
	fetch *fetch.Client
	group singleflight.Group

	mu    sync.Mutex
	byURL map[string]keptObject
}

// keptObject is the outcome of a fetch.
type keptObject struct {
	text string
	hash string // of the text, as a fragment has it
	err  error
	at   time.Time
}

func newObjects(f *fetch.Client) *objects { return &objects{fetch: f, byURL: map[string]keptObject{}} }

// get returns the request object at a request_uri: with fresh as it is now, else as it was a moment ago. may is asked before a fetch. A fragment is
// the hash of the object (OIDC Core section 6.2): with another hash than the remembered one the object has changed.
func (o *objects) get(ctx context.Context, requestURI string, fresh bool, may func() error, now time.Time) (string, error) {
	url, hash, _ := strings.Cut(requestURI, "#")
	o.mu.Lock()
	known, found := o.byURL[url]
	o.mu.Unlock()
	if !fresh && found && now.Sub(known.at) < objectKept && (known.err != nil || hash == "" || hash == known.hash) {
		return known.text, known.err
	}
	if err := may(); err != nil {
		return "", err
	}
	select {
	case result := <-o.group.DoChan(url, func() (any, error) { return o.load(ctx, url, now), nil }):
		known = result.Val.(keptObject)
		return known.text, known.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// load fetches an object and remembers it. It goes on when its caller is gone, because others may be waiting for the object.
func (o *objects) load(ctx context.Context, url string, now time.Time) keptObject {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), objectTime)
	defer cancel()
	body, err := o.fetch.Get(ctx, url, "application/oauth-authz-req+jwt, application/jwt, */*;q=0.1", longestObject)
	sum := sha256.Sum256(body)
	loaded := keptObject{strings.TrimSpace(string(body)), base64.RawURLEncoding.EncodeToString(sum[:]), err, now}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.byURL) >= mostObjects {
		clear(o.byURL)
	}
	o.byURL[url] = loaded
	return loaded
}
