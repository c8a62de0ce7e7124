package otp

import (
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/skip2/go-qrcode"
)

// The size of a drawing in CSS pixels.
const (
	leastModule = 4
	usualSize   = 280 // of the whole, where that leaves a module leastModule or more
)

// QR draws uri as a QR code of medium recovery level: an <svg> element for use
// inside an HTML page, less than 100 KiB, black on white in every colour
// scheme, with the quiet zone of four modules that ISO/IEC 18004 demands. One
// unit of its viewBox is one module. label is the accessible name of the
// image; it is escaped here, so that the result is safe HTML for any
// arguments. A module is a whole number of CSS pixels wide, at least four, so
// that cameras and programs that read QR codes off the screen recognize it.
//
// It returns ErrTooLong for a uri of more than 512 bytes and an error for an
// empty one.
func QR(uri, label string) (string, error) {
	if uri == "" {
		return "", errors.New("otp: nothing to draw")
	}
	if len(uri) > maxURI {
		return "", ErrTooLong
	}
	code, err := qrcode.New(uri, qrcode.Medium)
	if err != nil {
		return "", fmt.Errorf("otp: draw QR code: %w", err)
	}
	modules := code.Bitmap() // includes the quiet zone
	size := len(modules) * max(leastModule, usualSize/len(modules))
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[4]d" height="%[4]d" viewBox="0 0 %[1]d %[1]d" role="img" aria-label="%[2]s" shape-rendering="crispEdges">`+
		`<rect width="%[1]d" height="%[1]d" fill="#fff"/><path fill="#000" d="%[3]s"/></svg>`,
		len(modules), html.EscapeString(label), path(modules), size), nil
}

// path returns the SVG path data that fills the black modules: one rectangle
// for each horizontal run of them.
func path(modules [][]bool) string {
	var d strings.Builder
	for y, row := range modules {
		for x := 0; x < len(row); {
			run := 0
			for x+run < len(row) && row[x+run] {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", x, y, run, run)
			}
			x += run + 1
		}
	}
	return d.String()
}
