package provider

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// tv registers a public client for the device grant alone.
func (w *world) tv() *client.Client {
	c, _ := w.register(client.Native, func(m *client.Metadata) {
		m.Name, m.GrantTypes, m.ResponseTypes = "Harbour TV", []string{client.GrantDevice, client.GrantRefresh}, nil
	})
	return c
}

// askForDevice requests a pair of codes.
func (w *world) askForDevice(c *client.Client, scope string) map[string]any {
	w.t.Helper()
	a := w.post("/oauth2/device_authorization", url.Values{"client_id": {c.ID}, "scope": {scope}}, anonymous)
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	return a.body
}

func (w *world) poll(c *client.Client, code any) answer {
	return w.post("/oauth2/token", url.Values{"grant_type": {client.GrantDevice}, "client_id": {c.ID}, "device_code": {code.(string)}}, anonymous)
}

func (w *world) requirePoll(c *client.Client, code any, want string) {
	w.t.Helper()
	a := w.poll(c, code)
	require.Equal(w.t, http.StatusBadRequest, a.Code, a.Body.String())
	require.Equal(w.t, want, a.body["error"])
}

func (w *world) postDevice(query string, form url.Values) answer {
	return w.post("/device"+query, form, anonymous)
}

// typeCode types a user code and returns the query of the question.
func (w *world) typeCode(code any) string {
	w.t.Helper()
	a := w.postDevice("", url.Values{"user_code": {code.(string)}})
	require.Equal(w.t, http.StatusSeeOther, a.Code, a.Body.String())
	require.Equal(w.t, "/device", a.location.Path)
	return "?" + a.location.RawQuery
}

func (w *world) getDevice(query string) answer {
	return w.do(httptest.NewRequest(http.MethodGet, "/device"+query, nil))
}

var formAction = regexp.MustCompile(`<form method="post"[^>]* action="([^"]*)"`)

// deviceForm returns the query of the URL to which the form with the question is posted.
func (w *world) deviceForm(query string) string {
	w.t.Helper()
	page := w.getDevice(query)
	found := formAction.FindStringSubmatch(page.Body.String())
	require.Len(w.t, found, 2, page.Body.String())
	_, query, _ = strings.Cut(html.UnescapeString(found[1]), "?")
	return "?" + query
}

func (w *world) decideDevice(query, decision, done string) {
	w.t.Helper()
	a := w.postDevice(w.deviceForm(query), url.Values{"decision": {decision}})
	require.Equal(w.t, http.StatusSeeOther, a.Code, a.Body.String())
	require.Equal(w.t, issuer+"/device?done="+done, a.location.String())
}

// allowed returns the codes of a device whose request the person has allowed.
func (w *world) allowed(c *client.Client, scope string) map[string]any {
	w.t.Helper()
	asked := w.askForDevice(c, scope)
	w.decideDevice(w.typeCode(asked["user_code"]), "allow", "allowed")
	return asked
}

func TestDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv := w.tv()
		asked := w.askForDevice(tv, "openid email offline_access")
		require.Regexp(t, `^pst_dc_[A-Za-z0-9_-]{43}$`, asked["device_code"])
		require.Regexp(t, `^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`, asked["user_code"])
		require.Equal(t, issuer+"/device", asked["verification_uri"])
		require.Equal(t, issuer+"/device?user_code="+asked["user_code"].(string), asked["verification_uri_complete"])
		require.EqualValues(t, 600, asked["expires_in"])
		require.EqualValues(t, 5, asked["interval"])
		w.requirePoll(tv, asked["device_code"], authorizationPending)

		page := w.typeCode(strings.ToLower(" " + strings.Replace(asked["user_code"].(string), "-", "  ", 1)))
		question := w.getDevice(page)
		require.Equal(t, http.StatusOK, question.Code)
		for _, shown := range []string{"Harbour TV", "See your e-mail address", asked["user_code"].(string), "Nobody should have sent you this code", "<time data-moment", "192.0.2.0/24"} {
			require.Contains(t, question.Body.String(), shown)
		}
		require.Equal(t, http.StatusUnprocessableEntity, w.postDevice(page, url.Values{"decision": {"perhaps"}}).Code)
		w.decideDevice(page, "allow", "allowed")

		got := w.poll(tv, asked["device_code"])
		require.Equal(t, http.StatusOK, got.Code, got.Body.String())
		require.Equal(t, "Bearer", got.body["token_type"])
		require.EqualValues(t, 600, got.body["expires_in"])
		claims := w.idToken(got.body["id_token"])
		require.Equal(t, w.user.ID, claims["sub"])
		require.Equal(t, tv.ID, claims["aud"])
		require.Equal(t, []any{"pwd", "otp", "mfa"}, claims["amr"])
		require.Equal(t, token.ACRMFA, claims["acr"])
		require.NotEmpty(t, claims["sid"])
		require.NotZero(t, claims["auth_time"])
		require.Equal(t, w.user.Email, w.userinfo(got.body["access_token"].(string)).body["email"])

		w.requirePoll(tv, asked["device_code"], invalidGrant) // used
		again := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {tv.ID}, "refresh_token": {got.body["refresh_token"].(string)}}, anonymous)
		require.Equal(t, http.StatusOK, again.Code, again.Body.String())
		consents, err := w.store.Consents.OfUser(t.Context(), w.user.ID)
		require.NoError(t, err)
		require.Len(t, consents, 1)
		require.EqualValues(t, []string{"email", "offline_access", "openid"}, consents[0].Scopes)
		// The code cannot be used again by anybody.
		require.Equal(t, http.StatusUnprocessableEntity, w.postDevice("", url.Values{"user_code": {asked["user_code"].(string)}}).Code)
		require.Equal(t, http.StatusBadRequest, w.postDevice(page, url.Values{"decision": {"allow"}}).Code)
	})
}

func TestDeviceOfOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv, other := w.tv(), w.tv()
		asked := w.allowed(tv, "openid")
		w.requirePoll(other, asked["device_code"], invalidGrant)
		w.requirePoll(tv, "pst_dc_x", invalidGrant)
		plain := w.post("/oauth2/token", url.Values{"grant_type": {client.GrantDevice}, "device_code": {asked["device_code"].(string)}})
		require.Equal(t, unauthorizedClient, plain.body["error"])
		require.Equal(t, unauthorizedClient, w.post("/oauth2/device_authorization", url.Values{"scope": {"openid"}}).body["error"])
		require.Equal(t, http.StatusUnauthorized, w.post("/oauth2/device_authorization", url.Values{"client_id": {w.web.ID}}, anonymous).Code)
		for _, scope := range []string{"", "admin", "OPENID"} {
			a := w.post("/oauth2/device_authorization", url.Values{"client_id": {tv.ID}, "scope": {scope}}, anonymous)
			require.Equal(t, invalidScope, a.body["error"], scope)
			require.Contains(t, a.body["error_description"], scope)
		}
		// It cannot be used as an authorization code, not even by its own client.
		code := w.post("/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {tv.ID}, "code": {asked["device_code"].(string)}}, anonymous)
		require.Equal(t, http.StatusBadRequest, code.Code)
		require.Equal(t, http.StatusOK, w.poll(tv, asked["device_code"]).Code)
	})
}

func TestDeviceThatAsksTooOften(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv := w.tv()
		asked := w.askForDevice(tv, "openid")
		w.requirePoll(tv, asked["device_code"], authorizationPending)
		w.requirePoll(tv, asked["device_code"], slowDown)
		w.requirePoll(tv, asked["device_code"], slowDown)
		device, err := w.store.Devices.ByDeviceCode(t.Context(), storage.Hash(asked["device_code"].(string)))
		require.NoError(t, err)
		require.EqualValues(t, 15, device.Interval)
		later := time.Now().Add(15 * time.Second)
		require.ErrorIs(t, w.store.Devices.Poll(t.Context(), device.ID, 0, deviceSlower, later.Add(-time.Second)), storage.ErrStale)
		require.NoError(t, w.store.Devices.Poll(t.Context(), device.ID, 0, deviceSlower, later.Add(20*time.Second)))
	})
}

// Changes between the decision and the poll count.
func TestDeviceMeanwhile(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t))
		tv := w.tv()
		sql := db.SQL(t)
		asked := w.askForDevice(tv, "openid")
		page := w.typeCode(asked["user_code"])
		_, err := sql.Exec(`UPDATE device_requests SET expires_at = 1`)
		require.NoError(t, err)
		w.requirePoll(tv, asked["device_code"], expiredToken)
		require.Equal(t, http.StatusBadRequest, w.postDevice(page, url.Values{"decision": {"allow"}}).Code)
		require.Equal(t, http.StatusUnprocessableEntity, w.postDevice("", url.Values{"user_code": {asked["user_code"].(string)}}).Code)

		asked = w.allowed(tv, "openid")
		_, err = sql.Exec(`UPDATE grants SET code_expires_at = 1`)
		require.NoError(t, err)
		w.requirePoll(tv, asked["device_code"], expiredToken)

		asked = w.allowed(tv, "openid")
		require.NoError(t, w.store.Consents.Withdraw(t.Context(), w.user.ID, tv.ID, time.Now()))
		w.requirePoll(tv, asked["device_code"], invalidGrant)

		asked = w.allowed(tv, "openid")
		_, err = sql.Exec(`UPDATE users SET disabled_at = 1`)
		require.NoError(t, err)
		w.requirePoll(tv, asked["device_code"], invalidGrant)
	})
}

func TestDeviceCodesAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv := w.tv()
		for range deviceRequestsOfPublic {
			w.askForDevice(tv, "openid")
		}
		a := w.post("/oauth2/device_authorization", url.Values{"client_id": {tv.ID}, "scope": {"openid"}}, anonymous)
		require.Equal(t, http.StatusTooManyRequests, a.Code)
		w.askForDevice(w.tv(), "openid")
	})
}

func TestDeviceRows(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t))
		asked := w.askForDevice(w.tv(), "openid")
		w.typeCode(asked["user_code"])
		var row, flow string
		require.NoError(t, db.SQL(t).QueryRow(`SELECT scopes || address || browser || id FROM device_requests`).Scan(&row))
		require.NoError(t, db.SQL(t).QueryRow(`SELECT request FROM flows`).Scan(&flow))
		for _, secret := range []any{asked["device_code"], asked["user_code"], strings.ReplaceAll(asked["user_code"].(string), "-", "")} {
			require.NotContains(t, row+flow, secret)
		}
	})
}

func TestRaceForADevice(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		tv := judge.tv()
		asked := judge.askForDevice(tv, "openid offline_access")
		pages := [2]string{judge.typeCode(asked["user_code"]), judge.typeCode(asked["user_code"])}
		won := 0
		forms := [2]string{judge.deviceForm(pages[0]), judge.deviceForm(pages[1])}
		for _, a := range all(w, func(w *world, i int) answer { return w.postDevice(forms[i/2%2], url.Values{"decision": {"allow"}}) }) {
			if a.Code == http.StatusSeeOther {
				won++
				continue
			}
			require.Equal(t, http.StatusBadRequest, a.Code, a.Body.String())
		}
		require.Equal(t, 1, won, "one approval")
		grants, err := judge.store.Grants.OfUser(t.Context(), judge.user.ID, 1000)
		require.NoError(t, err)
		count := 0
		for _, g := range grants {
			if g.ClientID == tv.ID {
				count++
			}
		}
		require.Equal(t, 1, count)

		won = 0
		var tokens map[string]any
		for _, a := range all(w, func(w *world, _ int) answer { return w.poll(tv, asked["device_code"]) }) {
			if a.Code == http.StatusOK {
				won, tokens = won+1, a.body
				continue
			}
			requireInvalidGrant(t, a)
		}
		require.Equal(t, 1, won, "one poll gets the tokens")
		require.Equal(t, http.StatusOK, judge.userinfo(tokens["access_token"].(string)).Code, "and they stay valid")
	})
}

func TestDeviceIsAnnounced(t *testing.T) {
	w := newWorld(t, storagetest.Open(t))
	about := w.get("/.well-known/openid-configuration").body
	require.Equal(t, issuer+"/oauth2/device_authorization", about["device_authorization_endpoint"])
	require.Contains(t, about["grant_types_supported"], client.GrantDevice)
}
