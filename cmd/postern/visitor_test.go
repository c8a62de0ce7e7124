package main

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/storage/audit"
)

// visitor is a person with a browser and an app, which expect that the server may fail.
type visitor struct {
	t      *testing.T
	name   string
	uri    string // of the authenticator
	app    *relyingApp
	client *http.Client

	spent   []string // one-time codes that signed in
	codes   []string // authorization codes that were redeemed
	refresh string   // the latest token
	access  string
	revoked []string // tokens whose revocation was confirmed
}

// relyingApp is a client that is registered at a provider.
type relyingApp struct {
	issuer, id, secret string
	transport          http.RoundTripper
	patience           time.Duration // of a request, shorter than the server's
}

const failoverCallback = "http://localhost:4281/callback"

func newVisitor(t *testing.T, app *relyingApp, name, uri string) *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t: t, name: name, uri: uri, app: app, client: &http.Client{
		Jar: jar, Transport: app.transport, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), failoverCallback) {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

// outage is the error for a 503 answer.
type outage struct{ what string }

func (o *outage) Error() string { return o.what + " is 503" }

// send makes a request. An answer other than 503 and those expected ends the test.
func (v *visitor) send(method, address string, form url.Values, want ...int) (*http.Response, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), v.app.patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(address, v.app.issuer+"/oauth2/") && method == http.MethodPost {
		r.SetBasicAuth(v.app.id, v.app.secret)
	}
	answer, err := v.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, "", err
	}
	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "" {
		return nil, "", &outage{r.URL.Path}
	}
	for _, status := range want {
		if answer.StatusCode == status {
			return answer, string(body), nil
		}
	}
	return nil, "", fmt.Errorf("%s: %s %s answers %d: %s", v.name, method, r.URL.Path, answer.StatusCode, body)
}

func (v *visitor) authorizeURL(prompt string) string {
	return v.app.issuer + "/oauth2/auth?" + url.Values{
		"client_id": {v.app.id}, "response_type": {"code"}, "redirect_uri": {failoverCallback}, "scope": {"openid offline_access"},
		"state": {"a-state-of-some-length"}, "nonce": {"a-nonce"}, "prompt": {prompt},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, // RFC 7636 appendix B
	}.Encode()
}

// begin goes to the page that asks for the one-time code, and returns its URL.
func (v *visitor) begin() (string, error) {
	page, _, err := v.send(http.MethodGet, v.authorizeURL("login"), nil, http.StatusOK)
	if err != nil {
		return "", err
	}
	page, _, err = v.send(http.MethodPost, page.Request.URL.String(), url.Values{"username": {v.name}, "password": {adaPassword}}, http.StatusOK)
	if err != nil {
		return "", err
	}
	return page.Request.URL.String(), nil
}

// finish sends the one-time code, and then redeems the resulting authorization code. It reports whether the one-time code was accepted.
func (v *visitor) finish(page, code string) (bool, error) {
	arrived, _, err := v.send(http.MethodPost, page, url.Values{"code": {code}}, http.StatusSeeOther, http.StatusUnprocessableEntity)
	if err != nil || arrived.StatusCode == http.StatusUnprocessableEntity {
		return false, err
	}
	v.spent = append(v.spent, code)
	return true, v.redeem(arrived)
}

func (v *visitor) signIn(code string) (bool, error) {
	page, err := v.begin()
	if err != nil {
		return false, err
	}
	return v.finish(page, code)
}

func (v *visitor) redeem(arrived *http.Response) error {
	code := queryOf(v.t, arrived).Get("code")
	if code == "" {
		return fmt.Errorf("%s: no code in %s", v.name, arrived.Header.Get("Location"))
	}
	status, err := v.redeemCode(code)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: a new code is refused", v.name)
	}
	if err == nil {
		v.codes = append(v.codes, code)
	}
	return err
}

func (v *visitor) redeemCode(code string) (int, error) {
	return v.token(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {failoverCallback},
		"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	})
}

// token sends a token request and keeps the tokens.
func (v *visitor) token(form url.Values) (int, error) {
	answer, body, err := v.send(http.MethodPost, v.app.issuer+"/oauth2/token", form, http.StatusOK, http.StatusBadRequest)
	if err != nil || answer.StatusCode != http.StatusOK {
		if answer == nil {
			return 0, err
		}
		return answer.StatusCode, err
	}
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(body), &tokens); err != nil {
		return 0, err
	}
	v.access, v.refresh = tokens.Access, tokens.Refresh
	return answer.StatusCode, nil
}

func (v *visitor) refreshed() (int, error) {
	return v.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {v.refresh}})
}

// revoke ends an access token alone, or a refresh token with its family.
func (v *visitor) revoke(token string) error {
	_, _, err := v.send(http.MethodPost, v.app.issuer+"/oauth2/revoke", url.Values{"token": {token}}, http.StatusOK)
	if err == nil {
		v.revoked = append(v.revoked, token)
	}
	return err
}

func (v *visitor) active(token string) (bool, error) {
	_, body, err := v.send(http.MethodPost, v.app.issuer+"/oauth2/introspect", url.Values{"token": {token}}, http.StatusOK)
	return strings.Contains(body, `"active":true`), err
}

// addVisitor adds a user with an authenticator.
func addVisitor(t *testing.T, a *app, app *relyingApp, name string) *visitor {
	t.Helper()
	key := strings.TrimRight(base32.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%-20s", name))), "=")
	uri := "otpauth://totp/Postern:" + name + "?secret=" + key + "&issuer=Postern"
	line, err := json.Marshal(map[string]any{"email": name + "@example.test", "username": name, "password": adaPassword, "totp": []string{uri}})
	require.NoError(t, err)
	report, err := a.accounts.Port.Import(t.Context(), strings.NewReader(string(line)), port.ImportOptions{}, audit.Operator(), time.Now())
	require.NoError(t, err, "%+v", report.Faults)
	return newVisitor(t, app, name, uri)
}

func queryOf(t *testing.T, answer *http.Response) url.Values {
	location, err := answer.Location()
	require.NoError(t, err)
	return location.Query()
}
