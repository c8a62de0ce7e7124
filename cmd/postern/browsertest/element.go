package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The scripts are evaluated by DevTools, which the page's policy and switched
// off scripts do not stop.
var (
	//go:embed find.js
	findScript string
	//go:embed point.js
	pointScript string
)

// The kinds of elements that find.js knows.
const (
	fieldKind  = "field"
	buttonKind = "button"
	linkKind   = "link"
)

// element is a visible element of the page.
type element struct {
	b    *Browser
	kind string
	name string
	id   runtime.RemoteObjectID
}

// find returns the element of the kind that is called name.
func (b *Browser) find(kind, name string) element {
	b.t.Helper()
	arguments, err := json.Marshal([]string{kind, name})
	if err != nil {
		b.fatalf("%s %q: %v", kind, name, err)
	}
	object := do(b, chromedp.Evaluate[*runtime.RemoteObject](fmt.Sprintf("(%s)(...%s)", findScript, arguments)))
	if object.ObjectID == "" {
		var there string
		_ = json.Unmarshal(object.Value, &there)
		b.fatalf("there is no single %s called %q but %s", kind, name, there)
	}
	return element{b: b, kind: kind, name: name, id: object.ObjectID}
}

// property returns a property of the element, as text.
func (e element) property(name string) string {
	e.b.t.Helper()
	return do(e.b, chromedp.CallFunctionOn[string]("function (name) { return String(this[name]) }", e.on, name))
}

// click moves the mouse to the middle of the element and presses it there.
func (e element) click() {
	e.b.t.Helper()
	place := do(e.b, chromedp.CallFunctionOn[struct {
		X, Y  float64
		Cover string
	}](pointScript, e.on))
	if place.Cover != "" {
		e.b.fatalf("the %s %q is covered by %s", e.kind, e.name, place.Cover)
	}
	inputTo(e.b, chromedp.MouseClickXY(place.X, place.Y))
}

func (e element) on(p *runtime.CallFunctionOnParams) { p.ObjectID = e.id }

// do runs one action, which must not fail.
func do[T any](b *Browser, action chromedp.Action[T]) T {
	b.t.Helper()
	result, err := run(b, action)
	if err != nil {
		b.fatalf("chromium: %v", err)
	}
	return result
}

// inputTo is do for the mouse and the keyboard. When they make the page leave,
// it may be gone before it can confirm.
func inputTo(b *Browser, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if _, err := run(b, action); err != nil && !b.moves.hasBegun() {
		b.fatalf("chromium: %v", err)
	}
}

func run[T any](b *Browser, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}
