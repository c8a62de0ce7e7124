package provider

import (
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// racers is the number of requests that race.
const racers = 50

// rounds returns how often each race is run. POSTERN_TEST_ROUNDS can set a higher number.
func rounds(t testing.TB) int {
	text := os.Getenv("POSTERN_TEST_ROUNDS")
	if text == "" {
		return 20
	}
	count, err := strconv.Atoi(text)
	require.NoError(t, err)
	return count
}

// replicas runs a race on every database between two providers with a store each, with and without a pause between the reads and the writes of a
// request. The judge is a third provider, without pauses, that prepares the race and checks its outcome.
func replicas(t *testing.T, race func(t *testing.T, judge *world, w [2]*world)) {
	for name, interceptors := range map[string][]storagetest.Interceptor{
		"at once": nil, "with a pause between read and write": {storagetest.Delay(3 * time.Millisecond)},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
				t.Parallel()
				judge := newWorld(t, db.Open(t))
				var w [2]*world
				for i := range w {
					w[i] = joinWorld(t, db.Open(t, interceptors...))
					w[i].web, w[i].secret, w[i].user, w[i].browser.session = judge.web, judge.secret, judge.user, judge.browser.session
				}
				for range rounds(t) {
					race(t, judge, w)
				}
			})
		})
	}
}

// all sends requests at once, to both replicas in turn.
func all(w [2]*world, request func(w *world, i int) answer) []answer {
	answers := make([]answer, racers)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			<-start
			answers[i] = request(w[i%2], i)
		})
	}
	close(start)
	group.Wait()
	return answers
}

// grantOfCode returns the stored grant of a code.
func (w *world) grantOfCode(code string) storage.GrantState {
	w.t.Helper()
	grant, err := w.store.Grants.ByCode(w.t.Context(), storage.Hash(code))
	require.NoError(w.t, err)
	return grant
}

// Of 50 exchanges of one code at once, one wins; because the code was used again, the tokens of the winner are revoked.
func TestRaceForACode(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		code := judge.code(judge.web, "scope", "openid offline_access")
		won := 0
		for _, a := range all(w, func(w *world, _ int) answer { return w.redeem(code) }) {
			if a.Code != http.StatusOK {
				requireInvalidGrant(t, a)
				continue
			}
			won++
			require.NotEmpty(t, a.body["id_token"])
			judge.requireDead(t, a.body)
		}
		require.Equal(t, 1, won)
		require.Equal(t, int64(1), judge.grantOfCode(code).Generation)
	})
}

// 50 uses of one refresh token at once make one rotation and get the same successor, which is valid.
func TestRaceForARefreshToken(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		first := judge.offline()["refresh_token"].(string)
		successors := map[string]bool{}
		for _, a := range all(w, func(w *world, _ int) answer { return w.refresh(first) }) {
			if a.Code != http.StatusOK {
				requireInvalidGrant(t, a)
				continue
			}
			successors[refreshTokenOf(a)] = true
			require.Equal(t, http.StatusOK, judge.userinfo(requireTokens(t, a)).Code)
		}
		require.Len(t, successors, 1)
		id, _, _ := judge.tokens.ReadRefreshToken(first)
		grant, err := judge.store.Grants.ByID(t.Context(), id, "")
		require.NoError(t, err)
		require.Equal(t, int64(2), grant.Generation)
		for successor := range successors {
			requireTokens(t, judge.refresh(successor))
		}
	})
}

// Of requests for one code with and without the verifier, only those with it can win.
func TestRaceOfVerifiers(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		code := judge.code(judge.web, "scope", "openid offline_access")
		won := 0
		for i, a := range all(w, func(w *world, i int) answer {
			return w.redeem(code, "code_verifier", []string{verifier, strings.Repeat("a", 43), verifier, ""}[i/2%4])
		}) {
			if a.Code != http.StatusOK {
				requireInvalidGrant(t, a)
				continue
			}
			won++
			require.Zero(t, i/2%2, "the winner had no verifier")
		}
		require.LessOrEqual(t, won, 1)
		require.False(t, judge.grantOfCode(code).RevokedAt.IsZero())
	})
}

// Of 50 uses of one pushed request at once, one gets a code, and the others an error (RFC 9126 section 4).
func TestRaceForAPushedRequest(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		judge := newWorld(t, db.Open(t))
		w := [2]*world{joinWorld(t, db.Open(t)), joinWorld(t, db.Open(t, storagetest.Delay(3*time.Millisecond)))}
		for _, other := range w {
			other.browser.session = judge.browser.session
		}
		for range 5 {
			uri, codes := judge.push(judge.request(judge.web)), []string{}
			for _, a := range all(w, func(w *world, _ int) answer { return w.authorize(pushed(judge.web, uri)) }) {
				if !a.query.Has("code") {
					requireRefusal(t, a, callback, invalidRequestURI)
					continue
				}
				codes = append(codes, a.query.Get("code"))
			}
			require.Len(t, codes, 1)
			requireTokens(t, judge.redeem(codes[0]))
		}
	})
}

// A family that is used and revoked at the same time is revoked afterwards.
func TestRaceOfRefreshAndRevocation(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		first := judge.offline()
		token := first["refresh_token"].(string)
		answers := all(w, func(w *world, i int) answer {
			if i%10 == 9 {
				return w.revoke(token)
			}
			return w.refresh(token)
		})
		for i, a := range answers {
			switch {
			case i%10 == 9:
				require.Equal(t, http.StatusOK, a.Code)
			case a.Code == http.StatusOK:
				judge.requireDead(t, a.body)
			default:
				requireInvalidGrant(t, a)
			}
		}
		judge.requireDead(t, first)
	})
}

// Whatever requests are in progress while a user is disabled, none of their tokens is valid afterwards.
func TestRaceOfUseAndDisabling(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		code := judge.code(judge.web, "scope", "openid offline_access")
		token := judge.offline()["refresh_token"].(string)
		var disabled error
		answers := all(w, func(w *world, i int) answer {
			switch {
			case i == 20:
				disabled = w.store.Users.Disable(t.Context(), w.user.ID, time.Now())
				return answer{}
			case i == 30:
				return w.redeem(code)
			case i%5 == 0:
				return w.authorize(w.request(w.web))
			}
			return w.refresh(token)
		})
		require.NoError(t, disabled)
		for i, a := range answers {
			switch {
			case i == 20:
			case a.location != nil && a.query.Has("code"):
				requireInvalidGrant(t, judge.redeem(a.query.Get("code")))
			case a.location != nil:
				require.Equal(t, "/login", a.location.Path)
			case a.Code == http.StatusOK:
				judge.requireDead(t, a.body)
			default:
				requireInvalidGrant(t, a)
			}
		}
		require.NoError(t, judge.store.Users.Enable(t.Context(), judge.user.ID, time.Now())) // for the next round
		var err error
		judge.user, err = judge.store.Users.ByID(t.Context(), judge.user.ID)
		require.NoError(t, err)
		judge.signIn(time.Now())
		for _, w := range w {
			w.user, w.browser.session = judge.user, judge.browser.session
		}
	})
}

// The last two tokens of a family are used and repeated in any order; two different successors are never valid at the same time.
func TestRaceAlongAFamily(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		first := judge.offline()["refresh_token"].(string)
		id, _, _ := judge.tokens.ReadRefreshToken(first)
		var mu sync.Mutex
		known := []string{first}
		answers := all(w, func(w *world, i int) answer {
			mu.Lock()
			token := known[len(known)-1-i%min(2, len(known))]
			mu.Unlock()
			a := w.refresh(token)
			if a.Code == http.StatusOK {
				mu.Lock()
				known = append(known, refreshTokenOf(a))
				mu.Unlock()
			}
			return a
		})
		for _, a := range answers {
			require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, a.Code, a.Body.String())
		}
		grant, err := judge.store.Grants.ByID(t.Context(), id, "")
		require.NoError(t, err)
		alive := map[string]bool{}
		for _, token := range known {
			if judge.post("/oauth2/introspect", url.Values{"token": {token}}).body["active"] == true {
				alive[token] = true
			}
		}
		if grant.RevokedAt.IsZero() {
			require.Len(t, alive, 1)
		} else {
			require.Empty(t, alive)
		}
	})
}
