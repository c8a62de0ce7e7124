package relyingparty

import (
	"bytes"
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed pages/*.html assets/*
var embedded embed.FS

// view is the data of a page.
type view struct {
	Issuer   string
	ClientID string
	SignedIn *signedInView // nil before sign-in
	Problem  *problem      // set on the problem page only
}

type signedInView struct {
	Name, Initial, Email string
	Since                string
	AuthTime, AMR, ACR   string
	RawIDToken           string
	IDToken, UserInfo    []claimView
	CanRefresh           bool
	Refreshed            *refreshedView
}

type refreshedView struct {
	At, ValidUntil      string
	Rotated, NewIDToken bool
	Problem             *problem
}

// handle returns a handler that calls fn and shows its error, if any, as a
// page.
func (a *App) handle(fn func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := fn(w, r)
		if err == nil {
			return
		}
		shown, ok := errors.AsType[*problem](err)
		if !ok {
			shown = &problem{Status: http.StatusInternalServerError, Title: "Something went wrong", Text: err.Error()}
		}
		a.render(w, shown.Status, "problem.html", view{Problem: shown})
	})
}

func (a *App) home(w http.ResponseWriter, r *http.Request) error {
	if s, ok := a.session(r); ok {
		s.mu.Lock()
		who := s.person
		s.mu.Unlock()
		if who != nil {
			a.render(w, http.StatusOK, "signedin.html", view{SignedIn: who.view()})
			return nil
		}
	}
	a.render(w, http.StatusOK, "welcome.html", view{})
	return nil
}

func (a *App) render(w http.ResponseWriter, status int, page string, v view) {
	v.Issuer, v.ClientID = a.config.Issuer, a.config.ClientID
	var body bytes.Buffer
	if err := a.pages.ExecuteTemplate(&body, page, v); err != nil {
		http.Error(w, "the page "+page+" cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // fails only if the browser is gone
}

func (who *person) view() *signedInView {
	v := &signedInView{
		Name:       who.name(),
		Email:      who.userInfo.text("email"),
		Since:      clock(who.signedInAt),
		AuthTime:   instant(who.idToken["auth_time"]),
		AMR:        strings.Join(who.idToken.list("amr"), ", "),
		ACR:        who.idToken.text("acr"),
		RawIDToken: who.rawIDToken,
		IDToken:    who.idToken.view(),
		UserInfo:   who.userInfo.view(),
		CanRefresh: who.tokens.RefreshToken != "",
	}
	first, _ := utf8.DecodeRuneInString(v.Name)
	v.Initial = strings.ToUpper(string(first))
	if done := who.refreshed; done != nil {
		v.Refreshed = &refreshedView{
			At: clock(done.At), ValidUntil: clock(done.ValidUntil),
			Rotated: done.Rotated, NewIDToken: done.NewIDToken, Problem: done.Problem,
		}
	}
	return v
}

// name returns the best name that the provider gave: a name, otherwise an
// e-mail address, otherwise the subject.
func (who *person) name() string {
	for _, c := range []string{"name", "preferred_username", "email"} {
		if text := who.userInfo.text(c); text != "" {
			return text
		}
	}
	return who.subject
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
