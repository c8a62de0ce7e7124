package browsertest

import (
	"context"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Open types address, absolute or relative to the current page, into the
// address bar and waits for the page.
func (b *Browser) Open(address string) {
	b.t.Helper()
	absolute, err := resolve(b.URL(), address)
	if err != nil {
		b.fatalf("open %q: %v", address, err)
	}
	b.Await(func() {
		do(b, func(ctx context.Context, tab *chromedp.Target) (page.NavigateResult, error) {
			return cdp.Call(ctx, tab, page.Navigate, page.NavigateParams{URL: absolute})
		})
	})
}

// Back presses the back button and waits for the page.
func (b *Browser) Back() {
	b.t.Helper()
	history := do(b, chromedp.NavigationEntries())
	if history.CurrentIndex == 0 {
		b.fatalf("there is no page to go back to")
	}
	before := history.Entries[history.CurrentIndex-1]
	b.Await(func() {
		do(b, func(ctx context.Context, tab *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, tab, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: before.ID})
		})
	})
}

// Reload presses the reload button and waits for the page. A form that led to
// it is sent again.
func (b *Browser) Reload() {
	b.t.Helper()
	b.Await(func() {
		do(b, func(ctx context.Context, tab *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, tab, page.Reload, page.ReloadParams{})
		})
	})
}

// Await does act and waits until the next page is loaded, scripts included.
// For what leads to another page by itself, such as filling in the last digit
// of a code.
func (b *Browser) Await(act func()) {
	b.t.Helper()
	b.moves.reset()
	act()
	b.arrive()
}

func (b *Browser) arrive() {
	b.t.Helper()
	b.sent = false
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := b.moves.arrived(ctx); err != nil {
		b.fatalf("%v", err)
	}
}

// Fill clicks the field and types value over what is in it.
func (b *Browser) Fill(field, value string) {
	b.t.Helper()
	b.moves.reset()
	into := b.find(fieldKind, field)
	if b.options.Keyboard {
		into.reach()
		do(b, chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	} else {
		into.click()
		do(b, chromedp.CallFunctionOn[chromedp.Void]("function () { this.select() }", into.on))
	}
	if value == "" {
		value = kb.Delete
	}
	keys(b, value)
	// A form that has sent itself says that it is busy; the event of it may be late, or the page gone.
	after, err := run(b, chromedp.CallFunctionOn[struct {
		Value string
		Busy  bool
	}](`function () { return { value: this.value, busy: this.form?.ariaBusy === "true" } }`, into.on))
	if b.sent = after.Busy || b.moves.hasBegun(); b.sent {
		return
	}
	if err != nil {
		b.fatalf("chromium: %v", err)
	}
	if after.Value != strings.Trim(value, kb.Delete) {
		b.fatalf("the field %q took %q instead of %q", field, after.Value, value)
	}
}

// Check ticks the checkbox if it is not ticked.
func (b *Browser) Check(field string) {
	b.t.Helper()
	box := b.find(fieldKind, field)
	if box.property("checked") != "true" {
		box.press()
	}
	if box.property("checked") != "true" {
		b.fatalf("the field %q cannot be ticked", field)
	}
}

// Choose selects the option of a list that says option.
func (b *Browser) Choose(field, option string) {
	b.t.Helper()
	list := b.find(fieldKind, field)
	if b.options.Keyboard {
		list.reach()
	} else {
		do(b, chromedp.CallFunctionOn[chromedp.Void]("function () { this.focus() }", list.on)) // the mouse would open what no screenshot shows
	}
	steps := do(b, chromedp.CallFunctionOn[int](`function (option) {
		const at = [...this.options].findIndex((o) => o.text.trim() === option);
		return at < 0 ? this.options.length : at - this.selectedIndex;
	}`, list.on, option))
	key := kb.ArrowDown
	if steps < 0 {
		key, steps = kb.ArrowUp, -steps
	}
	keys(b, strings.Repeat(key, steps))
	if got := do(b, chromedp.CallFunctionOn[string]("function () { return this.selectedOptions[0]?.text.trim() ?? '' }", list.on)); got != option {
		b.fatalf("the list %q offers no %q; it is at %q", field, option, got)
	}
}

// Submit clicks the button and waits for the next page. When Fill has sent the
// form already, as scripts do at the last digit of a code, it only waits.
func (b *Browser) Submit(button string) {
	b.t.Helper()
	if b.sent {
		b.arrive()
		return
	}
	b.Await(func() { b.find(buttonKind, button).press() })
}

// Follow clicks the link and waits for the next page.
func (b *Browser) Follow(link string) {
	b.t.Helper()
	b.Await(func() { b.find(linkKind, link).press() })
}

// Press clicks a button that does not lead to another page.
func (b *Browser) Press(button string) {
	b.t.Helper()
	b.find(buttonKind, button).press()
}

// Link returns the absolute address that the link leads to.
func (b *Browser) Link(link string) string {
	b.t.Helper()
	return b.find(linkKind, link).property("href")
}

// Value returns what is in the field.
func (b *Browser) Value(field string) string {
	b.t.Helper()
	return b.find(fieldKind, field).property("value")
}

// Text returns all text that can be seen, with each run of white space as one
// space.
func (b *Browser) Text() string {
	b.t.Helper()
	return fold(do(b, chromedp.Evaluate[string]("document.body?.innerText ?? ''")))
}

// Title returns the title of the page.
func (b *Browser) Title() string {
	b.t.Helper()
	return do(b, chromedp.Title())
}

// URL returns the address of the page.
func (b *Browser) URL() string {
	b.t.Helper()
	return do(b, chromedp.Evaluate[string]("location.href"))
}

// Status returns the status of the HTTP answer that the page came with.
func (b *Browser) Status() int { return b.moves.lastStatus() }

// Source returns the page as it was sent.
func (b *Browser) Source() string {
	b.t.Helper()
	return string(do(b, func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		id := network.RequestID(b.moves.lastLoader()) // the request of a page has the id of its loader
		answer, err := cdp.Call(ctx, tab, network.GetResponseBody, network.GetResponseBodyParams{RequestID: id})
		return answer.Body, err
	}))
}

// Evaluate returns the value of a JavaScript expression on the page, waiting
// for it if it is a promise. It runs with scripts switched off, too.
func Evaluate[T any](b *Browser, expression string) T {
	b.t.Helper()
	return do(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// fold writes each run of white space as one space.
func fold(text string) string { return strings.Join(strings.Fields(text), " ") }

// resolve returns address as seen from the page at base.
func resolve(base, address string) (string, error) {
	from, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	to, err := from.Parse(address)
	if err != nil {
		return "", err
	}
	return to.String(), nil
}
