package authorize

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/fetch/fetchtest"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func fragment(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "#" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Anybody can send a registered request_uri as often as they like, but each does not cause a fetch.
func TestRequestObjectsAreRemembered(t *testing.T) {
	h := fetchtest.NewHosted(t, "one")
	o := newObjects(fetch.New(fetch.Config{Allow: fetchtest.Loopback}))
	always := func() error { return nil }
	get := func(uri string, may func() error, now time.Time) (string, error) {
		return o.get(t.Context(), h.URL+uri, false, may, now)
	}

	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			text, err := get("", always, noon)
			if err != nil || text != "one" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	group.Wait()
	text, err := get(fragment("one"), always, noon.Add(objectKept-1))
	require.NoError(t, err)
	require.Equal(t, "one", text)
	require.LessOrEqual(t, h.Asked.Load(), int64(2), "one, and another if the first ended before the last request began")

	h.Asked.Store(0)
	h.Answer("two")
	text, err = get(fragment("two"), always, noon)
	require.NoError(t, err)
	require.Equal(t, "two", text, "another fragment means that the object has changed")
	h.Answer("three")
	text, err = get("", always, noon)
	require.NoError(t, err)
	require.Equal(t, "two", text)
	text, err = get("", always, noon.Add(objectKept))
	require.NoError(t, err)
	require.Equal(t, "three", text)
	require.EqualValues(t, 2, h.Asked.Load())

	h.Answer("four")
	text, err = o.get(t.Context(), h.URL, true, always, noon.Add(objectKept))
	require.NoError(t, err)
	require.Equal(t, "four", text)

	h.Answer("")
	later := noon.Add(2 * objectKept)
	for range 3 {
		_, err = get("", always, later)
		require.ErrorIs(t, err, fetch.ErrAnswer, "errors are kept as well")
	}
	require.EqualValues(t, 4, h.Asked.Load())
	refused := errors.New("refused")
	_, err = get("", func() error { return refused }, later.Add(objectKept))
	require.ErrorIs(t, err, refused)
}

// A fetch goes on when the caller that began it is gone.
func TestRequestObjectsOutliveTheirFirstCaller(t *testing.T) {
	asked, goOn := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-goOn
		_, _ = io.WriteString(w, "one")
	}))
	defer server.Close()
	o := newObjects(fetch.New(fetch.Config{Allow: fetchtest.Loopback}))
	ctx, hangUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := o.get(ctx, server.URL, false, func() error { return nil }, noon)
		first <- err
	}()
	<-asked
	hangUp()
	require.ErrorIs(t, <-first, context.Canceled)
	second := make(chan string, 1)
	go func() {
		text, err := o.get(context.Background(), server.URL, false, func() error { return nil }, noon)
		if err != nil {
			text = err.Error()
		}
		second <- text
	}()
	close(goOn)
	require.Equal(t, "one", <-second)
}
