package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The pages of these modules are tested in cmd/postern.

func TestOIDCCPromptLogin(t *testing.T) {
	conformsInTime(t, everyType, func(r *run) {
		first := r.succeeds().idToken()
		time.Sleep(time.Second)
		second := r.signsInAgain("prompt", "login").idToken()
		require.Greater(r.t, second["auth_time"], first["auth_time"])
		require.Equal(r.t, first["sub"], second["sub"])
	})
}

func TestOIDCCMaxAge1(t *testing.T) {
	conformsInTime(t, everyType, func(r *run) {
		first := r.succeeds().idToken()
		time.Sleep(2 * time.Second)
		second := r.signsInAgain("max_age", "1").idToken()
		require.Greater(r.t, second["auth_time"], first["auth_time"])
		require.EqualValues(r.t, time.Now().Unix(), second["auth_time"])
		require.Equal(r.t, first["sub"], second["sub"])
	})
}

func TestOIDCCMaxAge10000(t *testing.T) {
	conformsInTime(t, everyType, func(r *run) {
		first := r.succeeds("max_age", "15000").idToken()
		time.Sleep(time.Second)
		r.staysSignedIn(first, r.succeeds("max_age", "10000"))
	})
}

// staysSignedIn checks that a second flow is about the same sign-in as the first.
func (r *run) staysSignedIn(first map[string]any, second *outcome) {
	r.t.Helper()
	for _, name := range []string{"sub", "auth_time", "sid"} {
		require.NotNil(r.t, first[name], name)
		require.Equal(r.t, first[name], second.idToken()[name], name)
	}
}

func TestOIDCCPromptNoneNotLoggedIn(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.browser.session = nil
		r.fails(r.request("prompt", "none", "state", strings.Repeat("0123456789abcdef", 8)), "login_required", "interaction_required",
			"account_selection_required", "consent_required")
	})
}

func TestOIDCCPromptNoneLoggedIn(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.staysSignedIn(r.succeeds().idToken(), r.succeeds("prompt", "none"))
	})
}

func TestOIDCCIDTokenHint(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		o := r.succeeds()
		r.staysSignedIn(o.idToken(), r.succeeds("prompt", "none", "id_token_hint", o.idTokenText()))
	})
}
