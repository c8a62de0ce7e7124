package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// consented returns what the user has granted to a client.
func (w *world) consented(c *client.Client) storage.Access {
	w.t.Helper()
	consents, err := w.store.Consents.OfUser(w.t.Context(), w.user.ID)
	require.NoError(w.t, err)
	for _, consent := range consents {
		if consent.ClientID == c.ID {
			return consent.Access
		}
	}
	return storage.Access{}
}

// requireDeviceAskedAnew checks that a decision was not accepted, and that the page shows the current question.
func (w *world) requireDeviceAskedAnew(a answer, c *client.Client, code any) {
	w.t.Helper()
	require.Equal(w.t, http.StatusUnprocessableEntity, a.Code, a.Body.String())
	require.Contains(w.t, a.Body.String(), "Please look at this once more")
	require.Contains(w.t, a.Body.String(), w.user.Email)
	require.Empty(w.t, w.consented(c).Scopes)
	device, err := w.store.Devices.ByDeviceCode(w.t.Context(), storage.Hash(code.(string)))
	require.NoError(w.t, err)
	require.True(w.t, device.ApprovedAt.IsZero() && device.DeniedAt.IsZero())
}

// The question was shown to one person, and another one has signed in since in the same browser.
func TestDeviceFormOfAnotherSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv := w.tv()
		asked := w.askForDevice(tv, "openid email")
		page := w.typeCode(asked["user_code"])
		form := w.deviceForm(page)
		w.user = storagetest.User(t, w.store)
		w.signIn(time.Now())
		for _, decision := range []string{"allow", "deny"} {
			for _, query := range []string{form, page} {
				w.requireDeviceAskedAnew(w.postDevice(query, url.Values{"decision": {decision}}), tv, asked["device_code"])
			}
		}
		w.decideDevice(page, "allow", "allowed")
		got := w.poll(tv, asked["device_code"])
		require.Equal(t, w.user.ID, w.idToken(got.body["id_token"])["sub"])
	})
}

// The operator has changed what the client may ask for since the question was shown.
func TestDeviceAsksForSomethingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv := w.tv()
		asked := w.askForDevice(tv, "openid email phone")
		page := w.typeCode(asked["user_code"])
		form := w.deviceForm(page)
		w.change(tv, func(m *client.Metadata) { m.Scopes = []string{"openid", "email"} })
		w.requireDeviceAskedAnew(w.postDevice(form, url.Values{"decision": {"allow"}}), tv, asked["device_code"])
		form = w.deviceForm(page)
		w.change(tv, func(m *client.Metadata) { m.Claims = []string{"team"} })
		a := w.postDevice(form, url.Values{"decision": {"allow"}})
		w.requireDeviceAskedAnew(a, tv, asked["device_code"])
		require.Contains(t, a.Body.String(), "team")
		require.NotContains(t, a.Body.String(), "phone number")
		w.decideDevice(page, "allow", "allowed")
		require.Equal(t, storage.Access{Scopes: storage.Strings{"email", "openid"}, Claims: storage.Strings{"team"}}, w.consented(tv))
		require.Equal(t, "openid email", w.poll(tv, asked["device_code"]).body["scope"])

		asked = w.askForDevice(tv, "email")
		page = w.typeCode(asked["user_code"])
		form = w.deviceForm(page)
		w.change(tv, func(m *client.Metadata) { m.Scopes = []string{"openid"} })
		require.Equal(t, http.StatusBadRequest, w.postDevice(form, url.Values{"decision": {"allow"}}).Code, "nothing is left to ask")
	})
}

// Of fifty decisions about fifty devices of one client at once, no consent is lost.
func TestRaceOfDevices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		scopes := make([]string, racers)
		for i := range scopes {
			scopes[i] = fmt.Sprint("scope", i)
		}
		w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
			m.GrantTypes, m.ResponseTypes, m.Scopes = []string{client.GrantDevice}, nil, scopes
		})
		var forms [racers]string
		for i := range racers {
			asked := w.post("/oauth2/device_authorization", url.Values{"scope": {scopes[i]}})
			forms[i] = w.deviceForm(w.typeCode(asked.body["user_code"]))
		}
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.web.ID, storage.Access{Scopes: []string{"before"}}, time.Now()))
		for _, a := range all([2]*world{w, w}, func(w *world, i int) answer { return w.postDevice(forms[i], url.Values{"decision": {"allow"}}) }) {
			require.Equal(t, http.StatusSeeOther, a.Code, a.Body.String())
		}
		require.Len(t, w.consented(w.web).Scopes, racers+1)
	})
}
