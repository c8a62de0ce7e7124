package browsertest

import (
	"fmt"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// console collects what a developer would see in red: uncaught exceptions, console.error, violations of the Content Security Policy,
// scripts, styles and images that cannot be loaded.
type console struct {
	mu         sync.Mutex
	pages      map[network.RequestID]bool
	complaints []string
}

func (c *console) hear(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			if c.pages == nil {
				c.pages = map[network.RequestID]bool{}
			}
			c.pages[e.RequestID] = true
		}
	case *log.EventEntryAdded:
		// A page with status 422 is an entry too, but not an error.
		if e.Entry.Level == log.EntryLevelError && !c.pages[e.Entry.NetworkRequestID] {
			c.complaints = append(c.complaints, fmt.Sprintf("%s (%s)", e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		c.complaints = append(c.complaints, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			text := "console.error"
			for _, argument := range e.Args {
				text += " " + string(argument.Value) + argument.Description
			}
			c.complaints = append(c.complaints, text)
		}
	}
}

// Complaints returns the errors on the console since the last call, and
// forgets them. Those that are left at the end of the test fail it.
func (b *Browser) Complaints() []string {
	// Entries that the page has already sent arrive before its answer to this expression. A page that cannot answer has no more entries.
	_, _ = run(b, chromedp.Evaluate[chromedp.Void]("0"))
	b.console.mu.Lock()
	defer b.console.mu.Unlock()
	taken := b.console.complaints
	b.console.complaints = nil
	return taken
}
