package browsertest

import (
	"context"
	"fmt"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
)

// moves follows a tab from page to page by the events of its main frame.
type moves struct {
	frame cdp.FrameID

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each event that matters
	begun   bool          // the tab left, or is about to leave, since reset
	done    bool          // and has arrived, or failed
	loader  cdp.LoaderID  // loader id of the page that is loading or loaded
	failure string        // why it did not arrive
	status  int           // of its HTTP answer
}

func newMoves(tab target.ID) *moves {
	return &moves{frame: cdp.FrameID(tab), changed: make(chan struct{})}
}

// hear takes an event of the tab. Chromium sends the request of a navigation
// before it answers the command that caused it.
func (m *moves) hear(event any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e := event.(type) {
	case *page.EventFrameRequestedNavigation:
		if e.FrameID != m.frame || e.Disposition != page.ClientNavigationDispositionCurrentTab {
			return
		}
		m.begun, m.done, m.failure = true, false, ""
	case *page.EventFrameStartedNavigating:
		if e.FrameID != m.frame {
			return
		}
		m.begun, m.done, m.failure, m.loader, m.status = true, false, "", e.LoaderID, 0
	case *page.EventNavigatedWithinDocument: // to an #anchor
		if e.FrameID != m.frame {
			return
		}
		m.begun, m.done = true, true
	case *page.EventFrameNavigated: // nothing more follows when it comes from a cache of whole pages
		if e.Frame.ID != m.frame || e.Type != page.NavigationTypeBackForwardCacheRestore {
			return
		}
		m.begun, m.done = true, true
	case *network.EventResponseReceived:
		if !m.isPage(e.RequestID) {
			return
		}
		m.status = int(e.Response.Status)
	case *network.EventLoadingFailed:
		if !m.isPage(e.RequestID) {
			return
		}
		m.done, m.failure = true, e.ErrorText
	case *page.EventLifecycleEvent:
		if e.FrameID != m.frame || e.LoaderID != m.loader || e.Name != "load" {
			return
		}
		m.done = true
	default:
		return
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// isPage: the request of a page has the id of its loader.
func (m *moves) isPage(request network.RequestID) bool { return string(request) == string(m.loader) }

// reset forgets the past, to wait for what begins from now on.
func (m *moves) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun, m.done, m.failure = false, false, ""
}

func (m *moves) hasBegun() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun
}

// arrived waits until the tab has left and the new page is loaded, scripts and
// images included.
func (m *moves) arrived(ctx context.Context) error {
	for {
		m.mu.Lock()
		begun, done, failure, changed := m.begun, m.done, m.failure, m.changed
		m.mu.Unlock()
		switch {
		case begun && done && failure != "":
			return fmt.Errorf("the page cannot be loaded: %s", failure)
		case begun && done:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if begun {
				return fmt.Errorf("the next page does not finish loading")
			}
			return fmt.Errorf("nothing leads to another page")
		}
	}
}

func (m *moves) lastLoader() cdp.LoaderID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loader
}

func (m *moves) lastStatus() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}
