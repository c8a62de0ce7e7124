package otp_test

import (
	"encoding/xml"
	"image"
	"image/color"
	"image/draw"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

type svg struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	ViewBox string   `xml:"viewBox,attr"`
	Role    string   `xml:"role,attr"`
	Label   string   `xml:"aria-label,attr"`
	Rect    struct {
		Width  int    `xml:"width,attr"`
		Height int    `xml:"height,attr"`
		Fill   string `xml:"fill,attr"`
	} `xml:"rect"`
	Path struct {
		Fill string `xml:"fill,attr"`
		D    string `xml:"d,attr"`
	} `xml:"path"`
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// rasterise draws the path as a browser would, eight pixels to the module.
func rasterise(t *testing.T, drawing svg) *image.Gray {
	t.Helper()
	const scale = 8
	require.Empty(t, run.ReplaceAllString(drawing.Path.D, ""), "the path has nothing but runs")
	img := image.NewGray(image.Rect(0, 0, drawing.Rect.Width*scale, drawing.Rect.Height*scale))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for _, m := range run.FindAllStringSubmatch(drawing.Path.D, -1) {
		require.Equal(t, m[3], m[4])
		x, y, length := atoi(t, m[1]), atoi(t, m[2]), atoi(t, m[3])
		rect := image.Rect(x*scale, y*scale, (x+length)*scale, (y+1)*scale)
		draw.Draw(img, rect, image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// pureBarcode tells the decoder that the image contains only the code. Otherwise it expects a photograph taken at an angle, and does not
// find every large code.
var pureBarcode = map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true}

func TestQRIsReadByAnotherDecoder(t *testing.T) {
	for name, label := range map[string]otp.Label{
		"plain":   {Issuer: "Example", Account: "ada@example.test"},
		"signs":   {Issuer: "Bücher & Söhne + Co", Account: "ada+1@example.test"},
		"longest": {Issuer: strings.Repeat("E", 70), Account: strings.Repeat("a", 254)},
	} {
		t.Run(name, func(t *testing.T) {
			uri, err := otp.URI(otp.NewKey(otp.Default()), label.Issuer, label.Account)
			require.NoError(t, err)
			text, err := otp.QR(uri, `Scan "this" & go`)
			require.NoError(t, err)
			require.Less(t, len(text), 100<<10)

			var drawing svg
			require.NoError(t, xml.Unmarshal([]byte(text), &drawing))
			require.Equal(t, "img", drawing.Role)
			require.Equal(t, `Scan "this" & go`, drawing.Label)
			require.Equal(t, "#fff", drawing.Rect.Fill)
			require.Equal(t, "#000", drawing.Path.Fill)
			size := strconv.Itoa(drawing.Rect.Width)
			require.Equal(t, "0 0 "+size+" "+size, drawing.ViewBox)
			require.Equal(t, drawing.Rect.Width, drawing.Rect.Height)
			for _, m := range run.FindAllStringSubmatch(drawing.Path.D, -1) {
				x, y, length := atoi(t, m[1]), atoi(t, m[2]), atoi(t, m[3])
				require.GreaterOrEqual(t, min(x, y), 4, "quiet zone")
				require.LessOrEqual(t, max(x+length, y+1), drawing.Rect.Width-4, "quiet zone")
			}

			bitmap, err := gozxing.NewBinaryBitmapFromImage(rasterise(t, drawing))
			require.NoError(t, err)
			result, err := qrcode.NewQRCodeReader().Decode(bitmap, pureBarcode)
			require.NoError(t, err)
			require.Equal(t, uri, result.GetText())
		})
	}
}

func TestQRBounds(t *testing.T) {
	_, err := otp.QR("", "label")
	require.Error(t, err)
	_, err = otp.QR(strings.Repeat("a", 513), "label")
	require.ErrorIs(t, err, otp.ErrTooLong)
	text, err := otp.QR(strings.Repeat("a", 512), "label")
	require.NoError(t, err)
	require.Less(t, len(text), 100<<10)

	text, err = otp.QR("x", `"><script>alert(1)</script>`)
	require.NoError(t, err)
	require.NotContains(t, text, "<script")
}

// However long the content is, a module is at least four CSS pixels wide, and a whole number of them.
func TestQRIsLargeEnough(t *testing.T) {
	for _, length := range []int{60, 200, 512} {
		drawn, err := otp.QR("otpauth://totp/"+strings.Repeat("a", length-len("otpauth://totp/")), "key")
		require.NoError(t, err)
		size := regexp.MustCompile(`^<svg [^>]*width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) `).FindStringSubmatch(drawn)
		require.NotNil(t, size, drawn[:200])
		require.Equal(t, size[1], size[2])
		require.GreaterOrEqual(t, atoi(t, size[1]), 4*atoi(t, size[3]))
		require.Zero(t, atoi(t, size[1])%atoi(t, size[3]))
	}
}
