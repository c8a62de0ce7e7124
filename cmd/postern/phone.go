package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image"
	_ "image/gif" // pictures that people upload
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/postern-id/postern/login/otp"
)

//go:embed phone.html
var phoneHTML string

var phonePage = template.Must(template.New("phone").Parse(phoneHTML))

// Bounds of uploads to the demo phone.
const (
	largestUpload  = 20 << 20 // bytes
	largestPicture = 50e6     // pixels
	mostAccounts   = 20
)

// phone replaces the authenticator app of a person's phone, in the demo only: anyone who opens its page sees every code. It keeps the keys
// in a file beside the demo's database.
type phone struct {
	file   string
	mu     sync.Mutex
	links  []string // otpauth URIs
	routes http.Handler
}

// openPhone reads the keys from an earlier run of the demo on this data.
func openPhone(file string) (*phone, error) {
	p := &phone{file: file}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &p.links)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the demo phone: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /phone", p.show)
	mux.HandleFunc("GET /phone/add", func(w http.ResponseWriter, _ *http.Request) { writePhone(w, http.StatusOK, phoneView{Adding: true}) })
	mux.HandleFunc("POST /phone/add", p.add)
	p.routes = http.NewCrossOriginProtection().Handler(mux)
	return p, nil
}

func (p *phone) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.routes.ServeHTTP(w, r) }

// phoneView is what the page shows: the codes, or the form that adds an account.
type phoneView struct {
	Adding   bool
	Problem  string
	Accounts []phoneAccount
}

type phoneAccount struct {
	Issuer, Account string
	Code, Next      string
	Seconds         int // time until Next replaces Code
}

func (p *phone) show(w http.ResponseWriter, r *http.Request) {
	accounts, err := p.accounts(time.Now())
	if err != nil {
		http.Error(w, "The demo phone cannot compute a code.", http.StatusInternalServerError)
		return
	}
	if len(accounts) == 0 {
		http.Redirect(w, r, "/phone/add", http.StatusSeeOther)
		return
	}
	soonest := accounts[0].Seconds
	for _, a := range accounts {
		soonest = min(soonest, a.Seconds)
	}
	w.Header().Set("Refresh", strconv.Itoa(soonest)) // new codes need no script; nothing is typed on this page
	writePhone(w, http.StatusOK, phoneView{Accounts: accounts})
}

// accounts returns the accounts with their current codes, the newest account first.
func (p *phone) accounts(now time.Time) ([]phoneAccount, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var accounts []phoneAccount
	for _, link := range slices.Backward(p.links) {
		key, label, err := otp.ParseURI(link)
		if err != nil {
			return nil, err
		}
		period := int64(key.Period)
		a := phoneAccount{Issuer: label.Issuer, Account: label.Account, Seconds: int(period - now.Unix()%period)}
		if a.Code, err = key.CodeAt(now); err != nil {
			return nil, err
		}
		if a.Next, err = key.CodeAt(now.Add(time.Duration(period) * time.Second)); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// add reads a link, or a picture with the QR code in it.
func (p *phone) add(w http.ResponseWriter, r *http.Request) {
	link, problem := sentLink(w, r)
	if problem == "" {
		problem = p.keep(link)
	}
	if problem != "" {
		writePhone(w, http.StatusUnprocessableEntity, phoneView{Adding: true, Problem: problem})
		return
	}
	http.Redirect(w, r, "/phone", http.StatusSeeOther)
}

// sentLink returns the otpauth link in a request, or what is wrong with it.
func sentLink(w http.ResponseWriter, r *http.Request) (link, problem string) {
	r.Body = http.MaxBytesReader(w, r.Body, largestUpload)
	if err := r.ParseMultipartForm(largestUpload); err != nil {
		return "", "This could not be read. A picture may have up to 20 MB."
	}
	if link = strings.TrimSpace(r.PostForm.Get("link")); link != "" {
		return link, ""
	}
	file, header, err := r.FormFile("picture")
	if err != nil || header.Size == 0 {
		return "", "Paste the link or choose a picture."
	}
	defer file.Close()
	return readPicture(file)
}

// readPicture returns the text of the QR code in a picture, or the reason why it cannot be read.
func readPicture(file io.ReadSeeker) (text, problem string) {
	size, _, err := image.DecodeConfig(file)
	if err != nil || size.Width*size.Height > largestPicture {
		return "", "This picture cannot be read. Choose a PNG, JPEG or GIF file, such as a screenshot."
	}
	const none = "No readable QR code was found in this picture. Take a screenshot of the whole code, including the white border."
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", none
	}
	picture, _, err := image.Decode(file)
	if err != nil {
		return "", none
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return "", none
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return "", none
	}
	return found.GetText(), ""
}

// keep stores a link, or returns what is wrong with it.
func (p *phone) keep(link string) (problem string) {
	if _, _, err := otp.ParseURI(link); err != nil {
		return "This is not a setup link of an authenticator, which begins with otpauth://totp/."
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	links := append(slices.DeleteFunc(slices.Clone(p.links), func(known string) bool { return known == link }), link)
	if len(links) > mostAccounts {
		links = links[1:]
	}
	text, err := json.Marshal(links)
	if err == nil {
		err = os.WriteFile(p.file, text, 0o600)
	}
	if err != nil {
		return "The demo phone could not store this."
	}
	p.links = links
	return ""
}

func writePhone(w http.ResponseWriter, status int, view phoneView) {
	var page bytes.Buffer
	if err := phonePage.Execute(&page, view); err != nil {
		http.Error(w, "The demo phone cannot be shown.", http.StatusInternalServerError)
		return
	}
	demoHeaders(w.Header(), phoneHTML)
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // a browser that hung up needs no page
}
