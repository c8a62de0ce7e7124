package provider

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// events returns the number of audit entries with a name.
func (w *world) events(name audit.Name) int {
	w.t.Helper()
	events, err := w.store.Events.List(w.t.Context(), storage.EventQuery{Limit: 1000})
	require.NoError(w.t, err)
	count := 0
	for _, e := range events {
		if e.Name == string(name) {
			count++
		}
	}
	return count
}

// asPublic sends the token request of a public client.
func (w *world) asPublic(c *client.Client, code string, pairs ...string) answer {
	w.t.Helper()
	form := params(params(nil,
		"grant_type", "authorization_code", "code", code, "redirect_uri", c.RedirectURIs[0], "code_verifier", verifier, "client_id", c.ID), pairs...)
	return w.post("/oauth2/token", form, anonymous)
}

func TestCodeChallengeAtTheAuthorizationEndpoint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.at(client.SPA, callback)
		required, _ := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.PKCERequired = []string{callback}, client.ConsentSkip, true
		})
		for name, tc := range map[string]struct {
			pairs []string
			auto  bool // accepted of a client with a secret, unless a challenge is required of it
		}{
			"none":                         {[]string{"code_challenge", "", "code_challenge_method", ""}, true},
			"a method without challenge":   {[]string{"code_challenge", ""}, false},
			"plain":                        {[]string{"code_challenge", verifier, "code_challenge_method", "plain"}, false},
			"no method, which means plain": {[]string{"code_challenge_method", ""}, false},
			"small letters":                {[]string{"code_challenge_method", "s256"}, false},
			"another hash":                 {[]string{"code_challenge_method", "S512"}, false},
			"42 characters":                {[]string{"code_challenge", s256(verifier)[:42]}, false},
			"44 characters":                {[]string{"code_challenge", s256(verifier) + "A"}, false},
			"129 characters":               {[]string{"code_challenge", strings.Repeat("A", 129)}, false},
			"padded":                       {[]string{"code_challenge", s256(verifier) + "="}, false},
			"other alphabet":               {[]string{"code_challenge", "+/" + s256(verifier)[2:]}, false},
			"illegal characters":           {[]string{"code_challenge", "ä" + s256(verifier)[2:]}, false},
		} {
			for _, c := range []*client.Client{public, required, w.web} {
				a := w.authorize(w.request(c, tc.pairs...))
				if tc.auto && c == w.web {
					require.NotEmpty(t, a.query.Get("code"), name)
					continue
				}
				requireRefusal(t, a, callback, invalidRequest)
			}
		}
	})
}

func TestCodeVerifier(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, wrong := range map[string]string{
			"none": "", "another": strings.Repeat("a", 43), "the challenge itself": s256(verifier), "too short": verifier[:42],
			"too long": strings.Repeat("a", 129), "longer by one": verifier + "a", "illegal characters": "ä" + verifier[2:],
			"a space behind": verifier + " ", "another case": strings.ToUpper(verifier),
		} {
			requireError(t, w.redeem(w.code(w.web), "code_verifier", wrong), http.StatusBadRequest, invalidGrant)
			require.Zero(t, w.events(audit.AuthorizationCodeReused), name)
		}
		code := w.code(w.web)
		requireError(t, w.redeem(code, "code_verifier", strings.Repeat("a", 43)), http.StatusBadRequest, invalidGrant)
		requireError(t, w.redeem(code, "code_verifier", ""), http.StatusBadRequest, invalidGrant)
		requireTokens(t, w.redeem(code))
	})
}

func TestCodeVerifierOfAPublicClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.at(client.SPA, callback)
		code := w.code(c)
		requireError(t, w.asPublic(c, code, "code_verifier", ""), http.StatusBadRequest, invalidGrant)
		requireTokens(t, w.asPublic(c, code))
	})
}

// RFC 9700 section 4.8.2: a verifier for a code without a challenge means that somebody has removed the challenge.
func TestCodeVerifierWithoutAChallenge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		none := []string{"code_challenge", "", "code_challenge_method", ""}
		requireError(t, w.redeem(w.code(w.web, none...)), http.StatusBadRequest, invalidGrant)
		requireTokens(t, w.redeem(w.code(w.web, none...), "code_verifier", ""))
		requireError(t, w.redeem(w.code(w.web), "code_verifier", ""), http.StatusBadRequest, invalidGrant)

		code := w.code(w.web, none...)
		w.change(w.web, func(m *client.Metadata) { m.PKCERequired = true })
		a := w.redeem(code, "code_verifier", "")
		require.Equal(t, http.StatusBadRequest, a.Code, "required since")
	})
}

func TestCodeEndsAfterWrongVerifiers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		for range maxVerifierFailures {
			requireError(t, w.redeem(code, "code_verifier", strings.Repeat("a", 43)), http.StatusBadRequest, invalidGrant)
		}
		require.Equal(t, 1, w.events(audit.VerifierGuessed))
		requireError(t, w.redeem(code), http.StatusBadRequest, invalidGrant)
		grant, err := w.store.Grants.ByCode(t.Context(), storage.Hash(code))
		require.NoError(t, err)
		require.True(t, grant.Ended(time.Now()))
	})
}
