package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/token"
)

// Clients that know a person by pairwise subjects cannot find out by sid that it is the same person. Each is still notified of the end of its
// session, with the sid that it knows.
func TestSessionHasAnotherSIDAtEachClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.addLogoutReceiver(), w.addLogoutReceiver()
		for _, h := range []*logoutReceiver{first, second} {
			w.change(h.Client, func(m *client.Metadata) {
				m.SubjectType, m.FrontchannelLogoutURI = client.SubjectPairwise, "https://app.example.test/frame"
			})
			var err error
			h.Client, err = w.clients.Client(t.Context(), h.ID)
			require.NoError(t, err)
		}
		session := w.sid()
		known, hints := map[any]bool{}, map[*logoutReceiver]string{}
		for _, h := range []*logoutReceiver{first, second} {
			hints[h] = w.codeFlow(h)
			claims := w.idToken(hints[h])
			require.Equal(t, claims["sid"], w.idToken(w.codeFlow(h))["sid"], "one session has one sid at a client")
			require.NotContains(t, hints[h], session)
			require.NotEqual(t, session, claims["sid"])
			known[claims["sid"]] = true
		}
		require.Len(t, known, 2)

		// A hint of one client with the sid of the other was not issued in this sign-in, so the person is asked.
		_, claims := jwttest.TakeApart(t, hints[first])
		claims["sid"] = w.idToken(hints[second])["sid"]
		requirePage(t, w.logout("id_token_hint", w.signed(token.TypeJWT, claims)), http.StatusOK, "asks to sign you out")
		claims["sid"] = session
		requirePage(t, w.logout("id_token_hint", w.signed(token.TypeJWT, claims)), http.StatusOK, "asks to sign you out")
		w.requireSession(true)

		page := w.logout("id_token_hint", hints[first])
		w.requireSession(false)
		w.sendNotices(time.Now())
		for _, h := range []*logoutReceiver{first, second} {
			told := w.idToken(hints[h])["sid"].(string)
			require.Contains(t, strings.ReplaceAll(page.Body.String(), "&amp;", "&"), url.Values{"iss": {issuer}, "sid": {told}}.Encode())
			tokens := h.received()
			require.Len(t, tokens, 1)
			require.Equal(t, told, w.logoutToken(tokens[0])["sid"])
		}
		require.NotContains(t, page.Body.String(), session)

		w.signIn(time.Now())
		require.NotContains(t, known, w.idToken(w.codeFlow(first))["sid"], "another session has another sid")
	})
}
