package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// browser acts as a person's browser and as the app that the person signs in to: it keeps cookies, fills in forms, follows
// redirects within the issuer, and exchanges the code.
type browser struct {
	target     *target
	connection *connection
	cookies    map[string]string
}

func newBrowser(t *target, c *connection) *browser {
	return &browser{target: t, connection: c, cookies: map[string]string{}}
}

// on returns a copy of the browser, with its cookies, on another connection.
func (b *browser) on(c *connection) *browser {
	return &browser{target: b.target, connection: c, cookies: maps.Clone(b.cookies)}
}

func (b *browser) do(method, address, form string) (answer, error) {
	q := request{method: method, target: address, form: form}
	if len(b.cookies) > 0 {
		q.header = append(q.header, "Cookie: "+b.cookieHeader())
	}
	if form != "" {
		q.header = append(q.header, "Sec-Fetch-Site: same-origin", "Origin: "+b.target.issuer)
	}
	a, err := b.connection.do(q)
	if err != nil {
		return a, err
	}
	for _, line := range a.header["Set-Cookie"] {
		b.keep(line)
	}
	return a, nil
}

func (b *browser) cookieHeader() string {
	pairs := make([]string, 0, len(b.cookies))
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		pairs = append(pairs, name+"="+b.cookies[name])
	}
	return strings.Join(pairs, "; ")
}

// keep stores a cookie, or deletes it if the server asks for that.
func (b *browser) keep(line string) {
	cookie, err := http.ParseSetCookie(line)
	switch {
	case err != nil:
	case cookie.MaxAge < 0 || cookie.Value == "":
		delete(b.cookies, cookie.Name)
	default:
		b.cookies[cookie.Name] = cookie.Value
	}
}

// redirected returns the path to which an answer redirects the browser. It must be within the issuer and begin with prefix.
func (b *browser) redirected(a answer, prefix string) (string, error) {
	if a.status != http.StatusSeeOther && a.status != http.StatusFound {
		return "", unexpected(a)
	}
	path := strings.TrimPrefix(a.header.Get("Location"), b.target.issuer)
	if !strings.HasPrefix(path, prefix) {
		shown, _, _ := strings.Cut(path, "?")
		return "", fmt.Errorf("redirected to %s, not to %s", shown, prefix)
	}
	return path, nil
}

// codeFlow asks for a code, which a signed-in browser gets immediately, and exchanges it: two requests.
func (b *browser) codeFlow(c webClient, now time.Time) (tokens, error) {
	asked := newAuthorization(c)
	a, err := b.do(http.MethodGet, asked.path(), "")
	if err != nil {
		return tokens{}, err
	}
	code, err := asked.code(a, b.target.issuer)
	if err != nil {
		return tokens{}, fmt.Errorf("authorize: %w", err)
	}
	return b.exchange(asked, code, now)
}

// signIn makes the seven requests of a complete sign-in: the authorization request, the page for the password, the page for the
// code, the redirect to the app, and the exchange. It calls now when the one-time code is typed.
func (b *browser) signIn(c webClient, now func() time.Time) (tokens, error) {
	asked := newAuthorization(c)
	a, err := b.do(http.MethodGet, asked.path(), "")
	if err != nil {
		return tokens{}, err
	}
	page, err := b.redirected(a, "/login?")
	if err != nil {
		return tokens{}, fmt.Errorf("authorize: %w", err)
	}
	someone, err := b.target.people.take(now())
	if err != nil {
		return tokens{}, err
	}
	page, err = b.fillIn(page, "/login/code?", url.Values{"username": {someone.username}, "password": {password}})
	if err != nil {
		b.target.people.back(someone, now())
		return tokens{}, fmt.Errorf("password page: %w", err)
	}
	typed := now()
	oneTime, err := someone.code(typed)
	if err != nil {
		return tokens{}, err
	}
	page, err = b.fillIn(page, "/oauth2/auth?", url.Values{"code": {oneTime}})
	b.target.people.back(someone, typed)
	if err != nil {
		return tokens{}, fmt.Errorf("code page: %w", err)
	}
	a, err = b.do(http.MethodGet, page, "")
	if err != nil {
		return tokens{}, err
	}
	code, err := asked.code(a, b.target.issuer)
	if err != nil {
		return tokens{}, fmt.Errorf("authorize after the sign-in: %w", err)
	}
	return b.exchange(asked, code, typed)
}

// fillIn opens a page, sends its form and returns the path of the page that follows, which must begin with next.
func (b *browser) fillIn(page, next string, form url.Values) (string, error) {
	a, err := b.do(http.MethodGet, page, "")
	if err != nil {
		return "", err
	}
	for name := range form {
		if a.status != http.StatusOK || !strings.Contains(string(a.body), `name="`+name+`"`) {
			return "", errors.Join(fmt.Errorf("no form with a field %q", name), unexpected(a))
		}
	}
	if a, err = b.do(http.MethodPost, page, form.Encode()); err != nil {
		return "", err
	}
	return b.redirected(a, next)
}

func (b *browser) exchange(asked authorization, code string, now time.Time) (tokens, error) {
	a, err := b.connection.do(request{
		method: http.MethodPost, target: tokenPath, header: []string{asked.client.basic()},
		form: "grant_type=authorization_code&redirect_uri=" + url.QueryEscape(redirectURI) + "&code=" + url.QueryEscape(code) +
			"&code_verifier=" + asked.verifier,
	})
	if err != nil {
		return tokens{}, err
	}
	got, err := userTokens(a, b.target.issuer, asked.client, asked.nonce, now)
	if err != nil {
		return got, fmt.Errorf("exchange the code: %w", err)
	}
	return got, nil
}
