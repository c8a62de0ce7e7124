package provider

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// meanwhile calls a function after a request has read a grant and before it writes.
type meanwhile struct {
	grants
	happen func()
}

func (m *meanwhile) once() {
	if happen := m.happen; happen != nil {
		m.happen = nil
		happen()
	}
}

func (m *meanwhile) ByCode(ctx context.Context, codeHash []byte) (storage.GrantState, error) {
	state, err := m.grants.ByCode(ctx, codeHash)
	m.once()
	return state, err
}

func (m *meanwhile) ByID(ctx context.Context, id, tokenID string) (storage.GrantState, error) {
	state, err := m.grants.ByID(ctx, id, tokenID)
	m.once()
	return state, err
}

func TestRefreshWhileTheGrantChanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hook := &meanwhile{grants: w.store.Grants}
		w.between(hook)
		id := func(token string) string {
			id, _, ok := w.tokens.ReadRefreshToken(token)
			require.True(t, ok)
			return id
		}
		for name, tc := range map[string]struct {
			happens func(token string)
			good    bool
			reused  int
		}{
			"a twin was first":       {func(token string) { w.refreshedOnce(token) }, true, 0},
			"two were first":         {func(token string) { w.refreshedOnce(w.refreshedOnce(token)) }, false, 1},
			"the family was revoked": {func(token string) { require.Equal(t, http.StatusOK, w.revoke(token).Code) }, false, 0},
			"the grant was swept": {func(token string) {
				_, err := w.store.Sweep(t.Context(), time.Now().Add(365*24*time.Hour), 1000)
				require.NoError(t, err)
				_, err = w.store.Grants.ByID(t.Context(), id(token), "")
				require.ErrorIs(t, err, storage.ErrNotFound)
			}, false, 0},
		} {
			w.signIn(time.Now()) // the sweep deletes sessions as well
			before := w.events(audit.RefreshTokenReused)
			token := w.offline()["refresh_token"].(string)
			hook.happen = func() { tc.happens(token) }
			a := w.refresh(token)
			require.Nil(t, hook.happen, name)
			require.Equal(t, before+tc.reused, w.events(audit.RefreshTokenReused), name)
			if !tc.good {
				requireInvalidGrant(t, a)
				requireInvalidGrant(t, w.refresh(token))
				continue
			}
			requireTokens(t, a)
			requireTokens(t, w.refresh(refreshTokenOf(a)))
		}
	})
}

func TestExchangeWhileTheGrantChanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hook := &meanwhile{grants: w.store.Grants}
		w.between(hook)
		for name, tc := range map[string]struct {
			happens func(code string)
			reused  int
		}{
			"a twin was first": {func(code string) { requireTokens(t, w.redeem(code)) }, 1},
			"the code was revoked": {func(code string) {
				for range maxVerifierFailures {
					requireInvalidGrant(t, w.redeem(code, "code_verifier", ""))
				}
			}, 0},
			"the consent was withdrawn": {func(string) {
				require.NoError(t, w.store.Consents.Withdraw(t.Context(), w.user.ID, w.web.ID, time.Now()))
			}, 0},
		} {
			require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.web.ID, storage.Access{Scopes: []string{"openid"}}, time.Now()))
			before := w.events(audit.AuthorizationCodeReused)
			code := w.code(w.web, "scope", "openid offline_access")
			hook.happen = func() { tc.happens(code) }
			requireInvalidGrant(t, w.redeem(code))
			require.Nil(t, hook.happen, name)
			require.Equal(t, before+tc.reused, w.events(audit.AuthorizationCodeReused), name)
			require.False(t, w.grantOfCode(code).RevokedAt.IsZero(), name)
		}
	})
}
