package provider

import (
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestClientAssertionIsGoodOnce(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db.Open(t))
		other := joinWorld(t, db.Open(t))
		key := jwttest.Keys()["ES256"]
		c, second := w.withKeys(nil, jwttest.Public(key, "")), w.withKeys(nil, jwttest.Public(key, ""))
		claims := claimsOf(c.ID, time.Now())
		assertion := jwttest.Sign(t, "ES256", key, "", claims)
		require.True(t, passes(t, w.assert("/oauth2/revoke", assertion)))
		replays := []answer{w.assert("/oauth2/revoke", assertion), w.assert("/oauth2/token", assertion), other.assert("/oauth2/introspect", assertion),
			w.assert("/oauth2/revoke", jwttest.Sign(t, "ES256", key, "", claims)),
			w.assert("/oauth2/revoke", jwttest.Sign(t, "ES256", key, "", changedClaims(c.ID, time.Now(), "jti", claims["jti"], "exp", time.Now().Add(9*time.Minute).Unix())))}
		forged := w.assert("/oauth2/revoke", assertion[:len(assertion)-8]+"AAAAAAAA")
		unknown := w.assert("/oauth2/revoke", jwttest.Sign(t, "ES256", key, "", claimsOf("unknown", time.Now())))
		for _, a := range append(replays, unknown) {
			require.False(t, passes(t, a))
			require.Equal(t, forged.Body.String(), a.Body.String(), "the same answer for every failure")
			require.Equal(t, forged.Header(), a.Header())
		}
		require.Equal(t, len(replays)+2, w.events(audit.ClientRefused))
		require.True(t, passes(t, other.assert("/oauth2/revoke", jwttest.Sign(t, "ES256", key, "", changedClaims(second.ID, time.Now(), "jti", claims["jti"])))),
			"each client has its own jtis")
	})
}

// Of 50 uses of one jti at once, one is accepted.
func TestRaceForAnAssertion(t *testing.T) {
	key := jwttest.Keys()["EdDSA"]
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		judge := newWorld(t, db.Open(t))
		c := judge.withKeys(nil, jwttest.Public(key, ""))
		w := [2]*world{joinWorld(t, db.Open(t)), joinWorld(t, db.Open(t, storagetest.Delay(3*time.Millisecond)))}
		for range 5 {
			assertion, won := jwttest.Sign(t, "EdDSA", key, "", claimsOf(c.ID, time.Now())), 0
			for _, a := range all(w, func(w *world, i int) answer {
				return w.assert([]string{"/oauth2/revoke", "/oauth2/introspect"}[i/2%2], assertion)
			}) {
				if passes(t, a) {
					won++
				}
			}
			require.Equal(t, 1, won)
		}
	})
}

func TestClientAssertionStatements(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var counter storagetest.Counter
		var faults storagetest.Faults
		w := newWorld(t, db.Open(t, counter.Intercept, faults.Intercept))
		key := jwttest.Keys()["EdDSA"]
		c := w.withKeys(nil, jwttest.Public(key, ""))
		fresh := func() string { return jwttest.Sign(t, "EdDSA", key, "", claimsOf(c.ID, time.Now())) }
		form := func() url.Values {
			return url.Values{"grant_type": {"client_credentials"}, "client_assertion": {fresh()}, "client_assertion_type": {assertionType}}
		}
		require.True(t, passes(t, w.assert("/oauth2/revoke", fresh())))

		counter.Reset()
		requireTokens(t, w.post("/oauth2/token", form(), anonymous))
		require.Equal(t, 1, counter.Count(), counter.Texts())
		for path := range endpoints {
			counter.Reset()
			require.True(t, passes(t, w.assert(path, fresh(), "token", "x")))
			require.Equal(t, 1, counter.Count(), counter.Texts())
			for _, executed := range []bool{false, true} {
				faults.Fail(1, executed, io.ErrUnexpectedEOF)
				requireOutage(t, w.assert(path, fresh()))
			}
		}
		counter.Reset()
		require.False(t, passes(t, w.assert("/oauth2/revoke", jwttest.Sign(t, "EdDSA", key, "", changedClaims(c.ID, time.Now(), "exp", 1)))))
		require.Equal(t, 1, counter.Count(), "only the audit entry of the refusal")
		faults.Fail(1, false, io.ErrUnexpectedEOF)
		requireOutage(t, w.assert("/oauth2/revoke", jwttest.Sign(t, "EdDSA", key, "", changedClaims(c.ID, time.Now(), "exp", 1))))
	})
}

// A used assertion is remembered for as long as it could be accepted, even by a replica whose clock is a minute behind.
func TestUsedClientAssertionIsRemembered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := jwttest.Keys()["EdDSA"]
		c := w.withKeys(nil, jwttest.Public(key, ""))
		expires := time.Now().Add(-time.Second).Truncate(time.Second)
		assertion := jwttest.Sign(t, "EdDSA", key, "", changedClaims(c.ID, time.Now(), "exp", expires.Unix()))
		require.True(t, passes(t, w.assert("/oauth2/revoke", assertion)))
		_, err := w.store.Sweep(t.Context(), expires.Add(time.Minute+clientauth.ClientSkew-time.Microsecond), 10)
		require.NoError(t, err)
		require.False(t, passes(t, w.assert("/oauth2/revoke", assertion)))
		deleted, err := w.store.Sweep(t.Context(), expires.Add(time.Minute+clientauth.ClientSkew), 10)
		require.NoError(t, err)
		require.Equal(t, int64(1), deleted)
	})
}
