package browsertest

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a page, a program or Chromium itself may take.
const patience = 20 * time.Second

// phoneWidth is the width in CSS pixels up to which the window has the height
// of a phone's: 640 pixels, else 800.
const phoneWidth = 480

// Options says what kind of browser the person has.
type Options struct {
	// JavaScript lets pages run scripts.
	JavaScript bool
	// Dark prefers the dark colour scheme, else the light one.
	Dark bool
	// Width of the window in CSS pixels. Default: 1280. 320 is the narrowest
	// that pages have to fit into (WCAG 2.2, 1.4.10).
	Width int
	// Keyboard leaves the mouse alone: fields, buttons and links are reached
	// with the tab key and used with enter and space. A focus that cannot be
	// seen on the way ends the test.
	Keyboard bool
}

// Browser is a tab of a Chromium. Its methods end the test when something
// cannot be done, after they saved a screenshot named "failure".
type Browser struct {
	t       testing.TB
	ctx     context.Context
	options Options
	console *console
	moves   *moves
	sent    bool // Fill has submitted the form, as typing the last digit of a code does
	failing bool
}

// Start starts a Chromium of its own, with a profile of its own, that ends with
// the test. Chromium has to be installed: apt install chromium. With -short the
// test is skipped.
func Start(t testing.TB, options Options) *Browser {
	t.Helper()
	SkipIfShort(t)
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: apt install chromium")
	}
	ctx, end, err := launch(path)
	if err != nil {
		t.Logf("chromium does not start and is started once more: %v", err)
		ctx, end, err = launch(path)
	}
	if err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("chromium did not end well: %v", err)
		}
	})
	return setUp(t, ctx, options)
}

// SkipIfShort skips a test that needs Chromium, Java or packages of npm if it
// runs with -short.
func SkipIfShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short there is no Chromium, Java or npm")
	}
}

// launch starts a Chromium and returns the context of its first tab. end ends
// Chromium and waits until it has gone.
func launch(path string) (ctx context.Context, end func() error, err error) {
	// Without a folder of the test's, chromedp makes a profile and, when it
	// removes it, ends the processes that still write there.
	allocator, release := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // as root and in most containers there is none
		chromedp.DisableGPU,
		chromedp.Flag("no-zygote", true), // else processes outlive Chromium for a moment
	)...)
	ctx, cancel := chromedp.NewContext(allocator)
	end = func() error {
		defer release()
		defer cancel()
		within, stop := context.WithTimeout(ctx, patience)
		defer stop()
		return chromedp.Cancel(within)
	}
	if err := attach(ctx, cancel); err != nil {
		cancel()
		release()
		return nil, nil, err
	}
	return ctx, end, nil
}

// attach opens the tab of ctx. The first action starts Chromium and binds its
// life to the context, so it cannot have a deadline of its own.
func attach(ctx context.Context, cancel func()) error {
	tooLate := time.AfterFunc(patience, cancel)
	defer tooLate.Stop()
	return chromedp.Do(ctx)
}

// NewTab opens another tab of the same browser: with its cookies, on an empty
// page.
func (b *Browser) NewTab() *Browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	if err := attach(ctx, cancel); err != nil {
		b.t.Fatalf("chromium opens no tab: %v", err)
	}
	return setUp(b.t, ctx, b.options)
}

func setUp(t testing.TB, ctx context.Context, options Options) *Browser {
	t.Helper()
	tab := chromedp.FromContext(ctx).Target
	b := &Browser{t: t, ctx: ctx, options: options, console: &console{}, moves: newMoves(tab.TargetID)}
	err := chromedp.Listen(ctx, func(event any) {
		b.console.hear(event)
		b.moves.hear(event)
	})
	if err == nil {
		err = b.emulate()
	}
	if err != nil {
		t.Fatalf("chromium cannot be set up: %v", err)
	}
	t.Cleanup(func() {
		for _, complaint := range b.Complaints() {
			t.Errorf("on the browser's console: %s", complaint)
		}
	})
	return b
}

// emulate applies the options to the tab.
func (b *Browser) emulate() error {
	width, height, scheme := cmp.Or(b.options.Width, 1280), int64(800), "light"
	if width <= phoneWidth {
		height = 640
	}
	if b.options.Dark {
		scheme = "dark"
	}
	return chromedp.Do(b.ctx,
		chromedp.EmulateViewport(int64(width), height),
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			// Chromium without a screen forgets at times that its window is the one in front.
			_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
			return err
		}),
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
		scripts(b.options.JavaScript),
	)
}

// scripts lets pages run scripts or not. What DevTools evaluates runs
// nevertheless, and so do the methods of Browser; but no timer does.
func scripts(run bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	})
}

// fatalf ends the test with what is on the screen.
func (b *Browser) fatalf(format string, arguments ...any) {
	b.t.Helper()
	if b.failing { // already describing the first failure
		b.t.Fatalf(format, arguments...)
	}
	b.failing = true
	screen := fmt.Sprintf("at %s, which says: %s\nscreenshot: %s", b.URL(), b.Text(), b.Screenshot("failure"))
	b.t.Fatalf("%s\n%s\nconsole: %q", fmt.Sprintf(format, arguments...), screen, b.Complaints())
}
