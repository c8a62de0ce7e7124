package provider

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestDeviceRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv := w.tv()
		asked := w.askForDevice(tv, "openid")
		w.decideDevice(w.typeCode(asked["user_code"]), "deny", "cancelled")
		w.requirePoll(tv, asked["device_code"], accessDenied)
		w.requirePoll(tv, asked["device_code"], accessDenied)
		consents, err := w.store.Consents.OfUser(t.Context(), w.user.ID)
		require.NoError(t, err)
		require.Empty(t, consents)
	})
}

// A person who is not signed in with both factors has to sign in and then sees the question. A link with a user code only fills in the field.
func TestDeviceNeedsBothFactors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tv, session := w.tv(), w.browser.session
		asked := w.askForDevice(tv, "openid")
		complete, err := url.Parse(asked["verification_uri_complete"].(string))
		require.NoError(t, err)
		form := w.do(httptest.NewRequest(http.MethodGet, complete.RequestURI(), nil))
		require.Equal(t, http.StatusOK, form.Code)
		require.Contains(t, form.Body.String(), `value="`+asked["user_code"].(string)+`"`)
		require.NotContains(t, form.Body.String(), "decision")
		w.requirePoll(tv, asked["device_code"], authorizationPending)

		for _, state := range [][]byte{nil, w.beginSignIn(time.Now()).TokenHash} {
			w.browser.session = state
			page := w.typeCode(asked["user_code"])
			for _, a := range []answer{w.getDevice(page), w.postDevice(page, url.Values{"decision": {"allow"}})} {
				require.Equal(t, http.StatusSeeOther, a.Code)
				require.Equal(t, issuer+"/login"+page, a.location.String())
			}
			back := w.do(httptest.NewRequest(http.MethodGet, "/oauth2/auth"+page, nil))
			require.Equal(t, issuer+"/device"+page, back.location.String())
			w.browser.id = "another"
			require.Equal(t, http.StatusBadRequest, w.getDevice(page).Code, "another browser")
			w.browser.id = "browser"
		}
		device, err := w.store.Devices.ByDeviceCode(t.Context(), storage.Hash(asked["device_code"].(string)))
		require.NoError(t, err)
		require.Zero(t, device.ApprovedAt)
		page := w.typeCode(asked["user_code"])
		require.NoError(t, w.store.Flows.Deny(t.Context(), strings.TrimPrefix(page, "?flow="), time.Now()))
		require.Equal(t, issuer+"/device?done=cancelled", w.getDevice(page).location.String())

		w.browser.session = session
		w.decideDevice(w.typeCode(asked["user_code"]), "allow", "allowed")
		require.Equal(t, http.StatusOK, w.poll(tv, asked["device_code"]).Code)
	})
}

// User codes, even right ones, are soon refused in one browser and from one network. A person who is signed in there has a separate budget, which
// others cannot use up.
func TestUserCodesGuessed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		asked, session := w.askForDevice(w.tv(), "openid"), w.browser.session
		w.browser.session = nil
		right := url.Values{"user_code": {asked["user_code"].(string)}}
		wrong := func() int { return w.postDevice("", url.Values{"user_code": {wrongUserCode}}).Code }
		for range userCodesOfOne {
			require.Equal(t, http.StatusUnprocessableEntity, wrong())
		}
		late := w.postDevice("", right)
		require.Equal(t, http.StatusTooManyRequests, late.Code)
		require.NotEmpty(t, late.Header().Get("Retry-After"))
		for i := 0; i < userCodesOfNetwork-userCodesOfOne; i++ {
			w.browser.id = storage.NewID()
			require.Equal(t, http.StatusUnprocessableEntity, wrong())
		}
		w.browser.id = storage.NewID()
		require.Equal(t, http.StatusTooManyRequests, w.postDevice("", right).Code)

		w.browser.session = session
		require.Equal(t, http.StatusSeeOther, w.postDevice("", right).Code)
		for range userCodesOfOne {
			require.Equal(t, http.StatusUnprocessableEntity, wrong())
			w.browser.id = storage.NewID()
		}
		require.Equal(t, http.StatusTooManyRequests, w.postDevice("", right).Code)
		require.Equal(t, 3, w.events(audit.UserCodeThrottled))
	})
}

// Right user codes that cannot be looked up during an outage do not count as guesses.
func TestOutagesAreNoGuesses(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		w := newWorld(t, db.Open(t, faults.Intercept))
		right := url.Values{"user_code": {w.askForDevice(w.tv(), "openid")["user_code"].(string)}}
		for range 2 * userCodesOfOne {
			faults.Fail(3, false, io.ErrUnexpectedEOF)
			require.Equal(t, http.StatusServiceUnavailable, w.postDevice("", right).Code)
		}
		require.Equal(t, http.StatusSeeOther, w.postDevice("", right).Code)
	})
}
