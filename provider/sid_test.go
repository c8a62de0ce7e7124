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

// Clients that know a person by pairwise subjects cannot find out by sid that it is one person; each still learns of the end of its session, by
// the name that it knows.
func TestSessionHasAnotherNameAtEachClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.hear(), w.hear()
		for _, h := range []*hearing{first, second} {
			w.change(h.Client, func(m *client.Metadata) {
				m.SubjectType, m.FrontchannelLogoutURI = client.SubjectPairwise, "https://app.example.test/frame"
			})
			var err error
			h.Client, err = w.clients.Client(t.Context(), h.ID)
			require.NoError(t, err)
		}
		session := w.sid()
		known, hints := map[any]bool{}, map[*hearing]string{}
		for _, h := range []*hearing{first, second} {
			hints[h] = w.visit(h)
			claims := w.idToken(hints[h])
			require.Equal(t, claims["sid"], w.idToken(w.visit(h))["sid"], "one session, one name")
			require.NotContains(t, hints[h], session)
			require.NotEqual(t, session, claims["sid"])
			known[claims["sid"]] = true
		}
		require.Len(t, known, 2)

		// A hint of one client with the name of the other is not of this sign-in: the person is asked.
		_, claims := jwttest.TakeApart(t, hints[first])
		claims["sid"] = w.idToken(hints[second])["sid"]
		requirePage(t, w.logout("id_token_hint", w.signed(token.TypeJWT, claims)), http.StatusOK, "asks to sign you out")
		claims["sid"] = session
		requirePage(t, w.logout("id_token_hint", w.signed(token.TypeJWT, claims)), http.StatusOK, "asks to sign you out")
		w.requireSession(true)

		page := w.logout("id_token_hint", hints[first])
		w.requireSession(false)
		w.tell(time.Now())
		for _, h := range []*hearing{first, second} {
			told := w.idToken(hints[h])["sid"].(string)
			require.Contains(t, strings.ReplaceAll(page.Body.String(), "&amp;", "&"), url.Values{"iss": {issuer}, "sid": {told}}.Encode())
			tokens := h.heard()
			require.Len(t, tokens, 1)
			require.Equal(t, told, w.logoutToken(tokens[0])["sid"])
		}
		require.NotContains(t, page.Body.String(), session)

		w.signIn(time.Now())
		require.NotContains(t, known, w.idToken(w.visit(first))["sid"], "another session, another name")
	})
}
