package provider

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
)

// An answer for the scope openid has an ID token (OIDC Core section 3.1.3.3). If that cannot be made, the request fails and uses nothing up.
func TestNoAnswerWithoutItsIDToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		empty, err := keys.New(keys.Config{Store: w.store, Audit: w.cfg.Audit})
		require.NoError(t, err)
		keyless := joinWorld(t, w.store, func(cfg *Config) { cfg.Keys, cfg.SignIns = empty, w.browser })
		keyless.web, keyless.secret = w.web, w.secret
		code := w.code(w.web, "scope", "openid offline_access")
		requireError(t, keyless.redeem(code), http.StatusInternalServerError, serverError)
		tokens := w.redeem(code)
		requireTokens(t, tokens)
		w.idToken(tokens.body["id_token"])

		requireError(t, keyless.refresh(refreshTokenOf(tokens)), http.StatusInternalServerError, serverError)
		w.idToken(w.refresh(refreshTokenOf(tokens)).body["id_token"])

		requireTokens(t, keyless.redeem(keyless.code(w.web, "scope", "email"), "scope", "")) // the scope does not need one
	})
}

// lost is grants in which every conditional write comes too late, and no grant can be revoked.
type lost struct {
	meanwhile
	revocations int
}

func (l *lost) RedeemCode(context.Context, string, storage.Redemption, time.Time) error {
	return storage.ErrStale
}

func (l *lost) Revoke(context.Context, string, string, time.Time) error {
	l.revocations++
	return storage.ErrUnavailable
}

// When two requests race for a code or a refresh token, the later one has the grant revoked (RFC 6749 section 4.1.2). If that fails, the answer is an
// outage: after invalid_grant the client would not try again, and the tokens of a thief would stay valid.
func TestFailedRevocationAfterALostRace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code, token := w.code(w.web), w.offline()["refresh_token"].(string)
		hook := &lost{meanwhile: meanwhile{grants: w.store.Grants}}
		w.between(hook)
		requireOutage(t, w.redeem(code))
		require.Equal(t, 1, hook.revocations)

		hook.happen = func() { w.refreshedOnce(w.refreshedOnce(token)) }
		requireOutage(t, w.refresh(token))
		require.Equal(t, 2, hook.revocations)
	})
}

// Changes of the person or the client after the code was made count when it is redeemed.
func TestCodeOfAPersonWhoWasDisabled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		require.NoError(t, w.store.Users.Disable(t.Context(), w.user.ID, time.Now()))
		requireInvalidGrant(t, w.redeem(code))
		requireInvalidGrant(t, w.redeem(code))
	})
}
