package templates

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is an sRGB colour, each part from 0 to 1.
type rgb [3]float64

// The card's background in the two schemes, as in assets/postern.css.
var (
	lightSurface = rgb{1, 1, 1}
	darkSurface  = rgb{0x1c / 255.0, 0x1d / 255.0, 0x1c / 255.0}
	white        = rgb{1, 1, 1}
	black        = rgb{0, 0, 0}
)

// The least contrast of the brand's colour with the card. WCAG 2.2, 1.4.3,
// asks 4.5 of text. Thin bright lines on a dark ground need more to be as
// legible, and the tinted boxes inside a card take some of it away.
const (
	lightContrast = 5
	darkContrast  = 6
)

var errColor = errors.New("not a hex colour such as #0b6b5b or #06c")

// parseHex reads #rgb or #rrggbb.
func parseHex(text string) (rgb, error) {
	digits, ok := strings.CutPrefix(text, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if !ok || len(digits) != 6 || err != nil {
		return rgb{}, errColor
	}
	return rgb{float64(n>>16) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255}, nil
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", to8(c[0]), to8(c[1]), to8(c[2]))
}

func to8(part float64) int { return int(math.Round(part * 255)) }

// luminance is the relative luminance of WCAG 2.2.
func (c rgb) luminance() float64 {
	var linear rgb
	for i, part := range c {
		if part <= 0.04045 {
			linear[i] = part / 12.92
		} else {
			linear[i] = math.Pow((part+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

// mix moves c towards other by share (0 to 1).
func (c rgb) mix(other rgb, share float64) rgb {
	for i := range c {
		c[i] += (other[i] - c[i]) * share
	}
	return c
}

// darken moves c towards black until its contrast with surface reaches least.
func (c rgb) darken(surface rgb, least float64) rgb {
	out := c
	for share := 0.0; contrast(out, surface) < least && share < 1; share += 0.02 {
		out = c.mix(black, share)
	}
	return out
}

// lighten makes c brighter, and then paler if that is not enough, until its contrast with surface reaches least.
func (c rgb) lighten(surface rgb, least float64) rgb {
	out := c
	for range 50 {
		if contrast(out, surface) >= least || max(out[0], out[1], out[2]) > 0.85 {
			break
		}
		for i := range out {
			out[i] *= 1.04
		}
	}
	bright := out
	for share := 0.0; contrast(out, surface) < least && share < 1; share += 0.02 {
		out = bright.mix(white, share)
	}
	return out
}

// textOn returns black or white, whichever is more legible on c.
func textOn(c rgb) rgb {
	if contrast(white, c) >= contrast(black, c) {
		return white
	}
	return black
}

// brandStyles is the stylesheet that carries the brand's colour, since the
// Content-Security-Policy allows no inline style.
func brandStyles(color rgb) []byte {
	light := color.darken(lightSurface, lightContrast)
	dark := color.lighten(darkSurface, darkContrast)
	return fmt.Appendf(nil, ":root {\n  --brand: light-dark(%s, %s);\n  --on-brand: light-dark(%s, %s);\n}\n",
		light, dark, textOn(light), textOn(dark))
}

// mark is Postern's logo, a small gate standing ajar, in the brand's colour.
func mark(color rgb) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img">
<rect width="64" height="64" rx="16" fill="%s"/>
<path fill="%s" d="M18 52V30a14 14 0 0 1 28 0v22h-6V30a8 8 0 0 0-16 0v22z"/>
<path fill="%[2]s" opacity=".55" d="M28 52V33l8-4v23z"/>
</svg>
`, color, textOn(color))
}
