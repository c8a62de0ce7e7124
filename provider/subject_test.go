package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/token"
)

// pairwise registers a client with pairwise subjects as the world's web client.
func (w *world) pairwise(edit func(*client.Metadata)) {
	w.t.Helper()
	w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
		m.RedirectURIs, m.Consent, m.SubjectType = []string{callback}, client.ConsentSkip, client.SubjectPairwise
		edit(m)
	})
}

// A person has one subject in each sector, which is the same everywhere in that sector and differs from those in other sectors (OIDC Core section 8).
func TestPairwiseSubjects(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		name := func(edit func(*client.Metadata)) string {
			w.pairwise(edit)
			tokens := w.offline()
			id := w.idToken(tokens["id_token"])
			sub := id["sub"].(string)
			access, refresh := tokens["access_token"].(string), tokens["refresh_token"].(string)
			require.NotEqual(t, w.user.ID, sub)
			require.Equal(t, sub, w.userinfo(access).body["sub"])
			require.Equal(t, sub, w.introspect(access)["sub"])
			require.Equal(t, sub, w.introspect(refresh)["sub"])
			require.Equal(t, sub, w.idToken(w.refresh(refresh).body["id_token"])["sub"])
			require.NotEmpty(t, w.code(w.web, "prompt", "none", "id_token_hint", tokens["id_token"].(string)))
			return sub
		}
		first := name(sameAs)
		require.Equal(t, first, name(sameAs), "another client of the sector")
		require.Equal(t, first, name(func(m *client.Metadata) {
			m.SectorIdentifierURI, m.AccessTokenFormat = "https://app.example.test/sector.json", client.TokenJWT
		}))
		require.NotEqual(t, first, name(func(m *client.Metadata) { m.SectorIdentifierURI = "https://other.example.test/sector.json" }))
	})
}

func TestSignedUserInfo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, alg := range client.SigningAlgs() {
			w.pairwise(func(m *client.Metadata) { m.UserInfoAlg = alg })
			tokens := w.offline()
			a := w.userinfo(tokens["access_token"].(string))
			require.Equal(t, http.StatusOK, a.Code)
			require.Equal(t, "application/jwt", a.Header().Get("Content-Type"))
			require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
			payload, header, err := w.keys.Verify(a.Body.String(), []string{alg}, time.Now())
			require.NoError(t, err)
			require.NotEqual(t, "JWT", header.Type)
			var claims map[string]any
			require.NoError(t, json.Unmarshal(payload, &claims))
			require.Equal(t, issuer, claims["iss"])
			require.Equal(t, w.web.ID, claims["aud"])
			require.Equal(t, w.idToken(tokens["id_token"])["sub"], claims["sub"])
			require.Equal(t, w.user.Email, claims["email"])
			requireRefusal(t, w.authorize(w.request(w.web, "id_token_hint", a.Body.String())), callback, invalidRequest)
			require.Equal(t, http.StatusUnauthorized, w.userinfo(a.Body.String()).Code)
		}
	})
}

func TestRegisteredDefaultsOfARequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		age := int64(60)
		w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.DefaultMaxAge, m.DefaultACRValues = []string{callback}, client.ConsentSkip, &age, []string{"unknown", token.ACRREFED}
		})
		w.signIn(time.Now().Add(-2 * time.Minute))
		a := w.authorize(w.request(w.web))
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/login"), a.location)
		code := w.code(w.web, "max_age", "3600")
		require.Equal(t, token.ACRREFED, w.idToken(w.redeem(code).body["id_token"])["acr"])
		code = w.code(w.web, "max_age", "3600", "acr_values", token.ACRMFA)
		require.Equal(t, token.ACRMFA, w.idToken(w.redeem(code).body["id_token"])["acr"])
	})
}
