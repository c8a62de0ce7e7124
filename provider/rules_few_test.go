package provider

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Rules that no other test breaks.
func TestRarelyBrokenRules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		said := map[string]any{"jti": "x", "htm": "POST", "htu": issuer + "/oauth2/token", "iat": time.Now().Unix()}
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		require.NoError(t, err)
		for rule, proof := range map[oauth.Rule]string{
			oauth.ProofKey:  jwttest.SignProof(t, "RS256", weak, said),
			oauth.ProofID:   proofOfKey(t, "EdDSA", "/oauth2/token", "jti", nil),
			oauth.ProofTime: proofOfKey(t, "EdDSA", "/oauth2/token", "iat", nil),
		} {
			requireError(t, w.exchange(w.web, "x", proof), http.StatusBadRequest, invalidDPoPProof)
			require.Contains(t, w.lastLine(), "rule="+string(rule))
		}

		plain := w.asks(func(m *client.Metadata) { m.RequestObjectAlg = client.AlgNone })
		head, body := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)), base64.RawURLEncoding.EncodeToString([]byte(`{"scope":"a","scope":"b"}`))
		for rule, text := range map[oauth.Rule]string{
			oauth.ObjectSigned: object(t, "ES256", "", map[string]any{"client_id": plain.ID}), oauth.ObjectMalformed: "x.y.", oauth.ObjectJSON: head + "." + body + ".",
		} {
			requireRefusal(t, w.authorize(w.request(plain, "request", text)), callback, invalidRequestObject)
			require.Contains(t, w.lastLine(), "rule="+string(rule))
		}

		late := httptest.NewRequest(http.MethodPost, "/oauth2/token", iotest.ErrReader(os.ErrDeadlineExceeded))
		late.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		requireError(t, w.do(late), http.StatusRequestTimeout, invalidRequest)
		require.Contains(t, w.lastLine(), "rule="+string(oauth.BodySlow))

		w.change(w.web, func(m *client.Metadata) { m.GrantTypes = append(m.GrantTypes, client.GrantDevice) })
		requireError(t, w.post("/oauth2/token", url.Values{"grant_type": {client.GrantDevice}}, w.basic), http.StatusBadRequest, invalidRequest)
		require.Contains(t, w.lastLine(), "rule="+string(oauth.DeviceCodeMissing))
	})
}

// Of two updates of one registration at once, one wins, and the other gets an error that says to read it again (RFC 7592 section 2.2).
func TestRegistrationChangedMeanwhile(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		registered := w.registers()
		uri, token := registered["registration_client_uri"].(string), registered["registration_access_token"].(string)
		for round := 0; ; round++ {
			require.Less(t, round, 100, "no two updates met")
			answers := make([]answer, 10)
			var updates sync.WaitGroup
			for i := range answers {
				updates.Go(func() {
					answers[i] = w.json(http.MethodPut, uri, token,
						registrationText(t, "client_id", registered["client_id"], "client_name", "App "+strconv.Itoa(10*round+i)))
				})
			}
			updates.Wait()
			late := 0
			for _, a := range answers {
				if a.Code == http.StatusConflict {
					require.Equal(t, client.InvalidMetadata, a.body["error"])
					late++
				} else {
					require.Equal(t, http.StatusOK, a.Code, a.Body.String())
				}
			}
			if late > 0 {
				return
			}
		}
	})
}

// Strangers cannot register more clients than the limit.
func TestRegistrationIsFull(t *testing.T) {
	w := newWorld(t, storagetest.Open(t), func(cfg *Config) { cfg.Registration = registration.Open })
	m := client.Defaults(client.Web)
	m.Name, m.RedirectURIs = "App", []string{callback}
	for {
		if _, err := w.clients.Register(t.Context(), m, "", audit.Client(""), time.Now()); err != nil {
			require.ErrorIs(t, err, client.ErrFull)
			break
		}
	}
	requireError(t, w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(t)), http.StatusForbidden, accessDenied)
	require.Contains(t, w.lastLine(), "rule="+string(oauth.RegistrationFull))
}
