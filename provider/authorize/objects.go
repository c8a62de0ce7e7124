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

// Limits of keeping request objects. Anybody can send a request_uri that a client has registered, and that must not cause a fetch each time.
const (
	longestObject = 64 << 10         // bytes
	objectKept    = 10 * time.Second // how long an object or an error is kept
	mostObjects   = 200
	objectTime    = 6 * time.Second // limit of a fetch, which goes on when its caller is gone
)

// objects fetches request objects and keeps them for a moment. Requests that need the same object at the same time share one fetch.
type objects struct {
	fetch *fetch.Client
	group singleflight.Group

	mu    sync.Mutex
	byURL map[string]keptObject
}

// keptObject is the outcome of a fetch.
type keptObject struct {
	text string
	hash string // of the text, as in a fragment
	err  error
	at   time.Time
}

func newObjects(f *fetch.Client) *objects { return &objects{fetch: f, byURL: map[string]keptObject{}} }

// get returns the request object at a request_uri. It fetches the object if fresh is set or no recent one is kept, and returns the error of may if
// that forbids the fetch. The fragment of a request_uri is the hash of the object (OIDC Core section 6.2), so another hash means that the object has
// changed.
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

// load fetches an object and keeps it. It goes on when its caller is gone, because others may be waiting for the object.
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
