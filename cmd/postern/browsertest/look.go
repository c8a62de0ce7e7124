package browsertest

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed sideways.js
var sidewaysScript string

//go:embed breaks.js
var breaksScript string

// Appear shows the page anew in another colour scheme and width (0: 1280), as
// when somebody changes the settings of the device or turns it. It stays so for
// the pages that follow.
func (b *Browser) Appear(dark bool, width int) {
	b.t.Helper()
	b.options.Dark, b.options.Width = dark, width
	if err := b.emulate(); err != nil {
		b.fatalf("chromium: %v", err)
	}
	// Transitions between the schemes are finished at once.
	do(b, chromedp.Evaluate[chromedp.Void]("for (const change of document.getAnimations()) change.finish()"))
}

// Print shows the page as a printer gets it, on paper of that width in CSS
// pixels, until Appear.
func (b *Browser) Print(width int) {
	b.t.Helper()
	b.Appear(false, width)
	do(b, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
}

// Sideways returns what is cut off or has to be scrolled to from side to side,
// a line for each element (WCAG 2.2, 1.4.10).
func (b *Browser) Sideways() []string {
	b.t.Helper()
	return Evaluate[[]string](b, fmt.Sprintf("(%s)()", sidewaysScript))
}

// Breaks returns the words that break inside themselves, and the buttons and
// links whose text is cut off, a line for each. It opens what can be opened
// first.
func (b *Browser) Breaks() []string {
	b.t.Helper()
	Evaluate[int](b, `[...document.querySelectorAll("details")].map((d) => d.open = true).length`)
	return Evaluate[[]string](b, fmt.Sprintf("(%s)()", breaksScript))
}
