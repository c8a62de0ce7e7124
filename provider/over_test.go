package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// The page for a request that is over links to a registered URL at which the app starts again, but only in the browser of the request.
func TestPageOfARequestThatIsOverLinksToItsApp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Name, m.ClientURI = []string{callback}, "Harbour Notes", "https://notes.example.com/"
		})
		over := func(flow string, parts ...string) {
			t.Helper()
			a := w.resume(flow)
			require.Equal(t, http.StatusBadRequest, a.Code)
			for _, part := range parts {
				require.Contains(t, a.Body.String(), part)
			}
		}
		_, flow := w.begin(w.request(c))
		require.NoError(t, w.store.Flows.End(t.Context(), flow))
		over(flow, "You are signed in", `href="https://notes.example.com/"`)

		w.change(c, func(m *client.Metadata) { m.InitiateLoginURI = "https://notes.example.com/login?tenant=a" })
		start := `href="https://notes.example.com/login?tenant=a&amp;iss=https%3A%2F%2F`
		over(flow, "You are signed in", "Continue to", start)
		w.browser.session = nil
		over(flow, "Please start again", "Go back to", start)

		stranger := storage.NewID()
		a := w.resume(stranger)
		require.Equal(t, http.StatusBadRequest, a.Code)
		require.NotContains(t, a.Body.String(), "notes.example.com", "another browser learns nothing")

		require.NoError(t, w.clients.Disable(t.Context(), c.ID, operator, time.Now()))
		require.NotContains(t, w.resume(flow).Body.String(), "notes.example.com", "a disabled app")
	})
}
