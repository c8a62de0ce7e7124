package main

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// The demo says in its own words that a port is taken or an address is wrong, before it makes anything.
func TestDemoSaysWhichAddressIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	busy, free := net.JoinHostPort("localhost", port), freeAddress(t)
	for name, c := range map[string]struct {
		listen, app string
		code        int
		says        string
	}{
		"provider":    {busy, free, exitFailed, busy + " is in use"},
		"app":         {free, busy, exitFailed, busy + " is in use"},
		"same":        {free, free, exitFailed, free + " is in use"},
		"no address":  {"nonsense", free, exitUsage, `--listen: "nonsense" is not a loopback address`},
		"no port":     {free, "localhost", exitUsage, `--app-listen: "localhost" is not a loopback address`},
		"other hosts": {"0.0.0.0:0", free, exitUsage, `--listen: "0.0.0.0:0" is not a loopback address`},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			var stderr strings.Builder
			args := []string{"demo", "--listen", c.listen, "--app-listen", c.app, "--data", data}
			require.Equal(t, c.code, run(t.Context(), args, nil, strings.NewReader(""), io.Discard, &stderr))
			require.Contains(t, stderr.String(), c.says)
			if c.code == exitFailed {
				require.Contains(t, stderr.String(), "postern demo --listen localhost:5280 --app-listen localhost:5281")
			}
			require.NotContains(t, stderr.String(), "setting")
			require.NoDirExists(t, data)
		})
	}
}

const phoneURI = "otpauth://totp/Postern:ada%40example.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Postern&algorithm=SHA1&digits=6&period=30"

// upload sends a file, or a link, to the demo phone.
func upload(t *testing.T, p *phone, link string, picture []byte) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	require.NoError(t, form.WriteField("link", link))
	file, err := form.CreateFormFile("picture", "screenshot.png")
	require.NoError(t, err)
	_, err = file.Write(picture)
	require.NoError(t, err)
	require.NoError(t, form.Close())
	r := httptest.NewRequest(http.MethodPost, "/phone/add", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// screenshot is a QR code somewhere on a page.
func screenshot(t *testing.T, text string, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	code, err := qrcode.New(text, qrcode.Medium)
	require.NoError(t, err)
	page := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	draw.Draw(page, page.Bounds(), image.NewUniform(color.RGBA{246, 247, 249, 255}), image.Point{}, draw.Src)
	draw.Draw(page, image.Rect(300, 200, 600, 500), code.Image(300), image.Point{}, draw.Src)
	var picture bytes.Buffer
	require.NoError(t, encode(&picture, page))
	return picture.Bytes()
}

func TestDemoPhoneReadsLinksAndPictures(t *testing.T) {
	for name, c := range map[string]struct {
		link    string
		picture []byte
		problem string // empty: it is read
	}{
		"link":            {" " + phoneURI + "\n", nil, ""},
		"screenshot":      {"", screenshot(t, phoneURI, png.Encode), ""},
		"photo":           {"", screenshot(t, phoneURI, func(w io.Writer, i image.Image) error { return jpeg.Encode(w, i, nil) }), ""},
		"GIF":             {"", screenshot(t, phoneURI, func(w io.Writer, i image.Image) error { return gif.Encode(w, i, nil) }), ""},
		"nothing":         {"", nil, "Paste the link or choose a picture."},
		"another link":    {"https://example.test/", nil, "begins with otpauth://totp/"},
		"counter":         {strings.Replace(phoneURI, "totp/", "hotp/", 1), nil, "begins with otpauth://totp/"},
		"another QR code": {"", screenshot(t, "https://example.test/", png.Encode), "begins with otpauth://totp/"},
		"no QR code": {"", screenshot(t, phoneURI, func(w io.Writer, _ image.Image) error {
			return png.Encode(w, image.NewGray(image.Rect(0, 0, 200, 200)))
		}), "No readable QR code"},
		"no picture":          {"", []byte("a letter"), "picture cannot be read"},
		"broken picture":      {"", screenshot(t, phoneURI, png.Encode)[:2000], "No readable QR code"},
		"picture of a field":  {"", hugePicture, "picture cannot be read"},
		"script in the label": {strings.Replace(phoneURI, "ada%40", "%3Cb%3E", 1), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "phone.json")
			p, err := openPhone(file)
			require.NoError(t, err)
			w := upload(t, p, c.link, c.picture)
			if c.problem != "" {
				require.Equal(t, http.StatusUnprocessableEntity, w.Code)
				require.Contains(t, w.Body.String(), c.problem)
				require.NoFileExists(t, file)
				return
			}
			require.Equal(t, http.StatusSeeOther, w.Code)
			again, err := openPhone(file) // what it knows stays with the data of the demo
			require.NoError(t, err)
			for _, p := range []*phone{p, again} {
				now := time.Now()
				w := httptest.NewRecorder()
				p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/phone", nil))
				require.Contains(t, w.Body.String(), browsertest.Code(t, phoneURI, now.Add(time.Duration(30-now.Unix()%30)*time.Second)))
				require.NotContains(t, w.Body.String(), "<b>")
				require.NotEmpty(t, w.Header().Get("Refresh"))
			}
			info, err := os.Stat(file)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		})
	}
}

// hugePicture says that it has more pixels than memory.
var hugePicture = func() []byte {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	text := picture.Bytes()
	copy(text[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // width and height in the header (PNG section 11.2.1), which ends with a checksum
	binary.BigEndian.PutUint32(text[29:], crc32.ChecksumIEEE(text[12:29]))
	return text
}()

// No other site fills the demo phone.
func TestDemoPhoneRefusesOtherSites(t *testing.T) {
	p, err := openPhone(filepath.Join(t.TempDir(), "phone.json"))
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/phone/add", strings.NewReader(""))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}

// The demo phone holds a bounded number of accounts, the newest first.
func TestDemoPhoneIsBounded(t *testing.T) {
	p, err := openPhone(filepath.Join(t.TempDir(), "phone.json"))
	require.NoError(t, err)
	for i := range mostAccounts + 3 {
		secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(bytes.Repeat([]byte{byte(i)}, 20))
		require.Empty(t, p.keep("otpauth://totp/Example:"+string(rune('a'+i))+"?secret="+secret))
	}
	accounts, err := p.accounts(time.Now())
	require.NoError(t, err)
	require.Len(t, accounts, mostAccounts)
	require.Equal(t, string(rune('a'+mostAccounts+2)), accounts[0].Account)
}
