package browsertest

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed stops.js
var stopsScript string

// stop is where the tab key has led to.
type stop struct {
	At     int      // index in Names; -1 if it is not in Names, -2 if nothing has the focus
	Names  []string // everything that the tab key should stop at, in the order of the page
	Faults []string
}

// stop looks where the focus is. What is wrong there gets a moment to become right: the window may still be on its way to it.
func (b *Browser) stop() (s stop) {
	b.t.Helper()
	for range 10 {
		s = Evaluate[stop](b, fmt.Sprintf("(%s)()", stopsScript))
		if len(s.Faults) == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return s
}

// tab presses the tab key, with shift to go back.
func (b *Browser) tab(back bool) {
	b.t.Helper()
	var options []chromedp.KeyOption
	if back {
		options = append(options, chromedp.KeyModifiers(chromedp.ModifierShift))
	}
	do(b, chromedp.KeyEvent(kb.Tab, options...))
}

// KeyboardFaults goes through the whole page with the tab key and returns what
// is in the way of somebody without a mouse, a line for each: a link, button or
// field that is not reached or not in the order of the page, a focus that cannot
// be seen, a stop that is covered (WCAG 2.2, 2.1.1, 2.1.2, 2.4.3, 2.4.7, 2.4.11).
func (b *Browser) KeyboardFaults() []string {
	b.t.Helper()
	do(b, chromedp.Evaluate[chromedp.Void]("document.activeElement?.blur(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')"))
	var faults []string
	names := b.stop().Names
	for i, name := range names {
		b.tab(false)
		s := b.stop()
		faults = append(faults, s.Faults...)
		if s.At != i {
			return append(faults, fmt.Sprintf("stop %d is %d of %q instead of %q", i, s.At, names, name))
		}
	}
	return faults
}

// reach moves the focus to the element with the tab key and nothing else. What
// KeyboardFaults looks at is looked at on the way.
func (e element) reach() {
	b := e.b
	b.t.Helper()
	place := func() int { // -1 if the focus is after the element, 1 if before it, 0 if on it
		return do(b, chromedp.CallFunctionOn[int](`function () {
			const at = document.activeElement;
			return at === this ? 0 : !at || at === document.body || at.compareDocumentPosition(this) & Node.DOCUMENT_POSITION_FOLLOWING ? 1 : -1;
		}`, e.on))
	}
	at := b.stop()
	side := place()
	for tries := 0; side != 0; tries++ {
		if tries > 2*len(at.Names) {
			b.fatalf("the tab key does not reach the %s %q of %q", e.kind, e.name, at.Names)
		}
		before := at
		b.tab(side < 0)
		at = b.stop()
		now := place()
		if len(at.Faults) > 0 {
			b.fatalf("on the way to the %s %q by keyboard: %q", e.kind, e.name, at.Faults)
		}
		if now == -side && before.At >= 0 && at.At >= 0 { // from the page itself, the key goes on where the focus was last
			b.fatalf("the tab key jumps over the %s %q of %q", e.kind, e.name, at.Names)
		}
		side = now
	}
	if len(at.Faults) > 0 {
		b.fatalf("the %s %q by keyboard: %q", e.kind, e.name, at.Faults)
	}
}

// press activates the element with the key for its kind.
func (e element) press() {
	e.b.t.Helper()
	if !e.b.options.Keyboard {
		e.click()
		return
	}
	e.reach()
	key := kb.Enter
	if e.property("type") == "checkbox" || e.property("type") == "radio" {
		key = " "
	}
	keys(e.b, key)
}

// keys types on the keyboard.
func keys(b *Browser, text string) {
	b.t.Helper()
	inputTo(b, chromedp.KeyEvent(text))
}
