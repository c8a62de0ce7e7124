//go:build !race

package login_test

import (
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/storagetest"
)

// comparison is the result of comparing the times of two arms.
type comparison struct {
	gap time.Duration // of the medians
	p   float64       // two-sided, of the Mann-Whitney U test: small when one arm tends to be quicker
}

func (c comparison) same() bool { return c.gap.Abs() < time.Millisecond && c.p > 0.01 }

// jitter is how much the times of answers vary over any network. Without it, on a quiet machine with its database in memory, the test would
// find the microsecond that an entry in another page of an index takes. With it, it finds less than a tenth of a millisecond.
const jitter = time.Millisecond

// compare measures both arms alternately, so that other load on the machine affects both alike, and asserts that their answers are the
// same.
func compare(t *testing.T, handler http.Handler, samples int, arms [2]func(sample int) *http.Request) comparison {
	t.Helper()
	var times [2][]time.Duration
	for sample := range samples {
		var answers [2]seen
		first := rand.IntN(2)
		for _, arm := range []int{first, 1 - first} {
			request, recorder := arms[arm](sample), httptest.NewRecorder()
			begun := time.Now()
			handler.ServeHTTP(recorder, request)
			times[arm] = append(times[arm], time.Since(begun)+rand.N(jitter))
			answers[arm] = seenOf(request, recorder)
		}
		if sample%100 == 0 {
			require.Equal(t, answers[0], answers[1])
		}
		require.Equal(t, answers[0].status, answers[1].status)
	}
	return comparison{gap: median(times[0]) - median(times[1]), p: mannWhitney(times[0], times[1])}
}

// differ repeats a comparison that found a difference, because one in a hundred does by chance. Two of three decide.
func differ(t *testing.T, run func() comparison) bool {
	t.Helper()
	var found []comparison
	for range 3 {
		c := run()
		t.Logf("medians %v apart, p = %.3g", c.gap, c.p)
		if c.same() {
			if len(found) == 0 {
				return false
			}
			continue
		}
		if found = append(found, c); len(found) == 2 {
			return true
		}
	}
	return false
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

// mannWhitney returns the two-sided p of the U test in its normal approximation. Times in nanoseconds hardly ever tie.
func mannWhitney(a, b []time.Duration) float64 {
	type sample struct {
		time  time.Duration
		first float64
	}
	var all []sample
	for _, t := range a {
		all = append(all, sample{t, 1})
	}
	for _, t := range b {
		all = append(all, sample{t, 0})
	}
	slices.SortFunc(all, func(x, y sample) int { return int(x.time - y.time) })
	ranks := 0.0
	for i, s := range all {
		ranks += s.first * float64(i+1)
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

func TestMannWhitney(t *testing.T) {
	var low, high, mixed []time.Duration
	for i := range time.Duration(20) {
		low, high, mixed = append(low, 2*i), append(high, 2*i+15), append(mixed, 2*i+1)
	}
	require.InDelta(t, 0.80, mannWhitney(low, mixed), 0.02)
	require.Less(t, mannWhitney(low, high), 0.01)
	require.InDelta(t, mannWhitney(low, high), mannWhitney(high, low), 1e-9)
}

const samples = 2000 // of each arm

// Neither an answer nor its time tells whether there is an account. This is the only assertion about time: it compares times, so it holds
// on slow and fast machines. Each run also shows that it would find a difference of 3 ms. The race detector slows our own code down many
// times more than the rest, and so would show differences that released code does not have.
func TestKnownAndUnknownTakeTheSameTime(t *testing.T) {
	if _, err := os.Stat("/dev/shm"); err == nil {
		t.Setenv("TMPDIR", "/dev/shm") // waiting for a disk would take most of the time, and hide differences
	}
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			w := logintest.New(t, storagetest.SQLite(t))
			c := &crowd{w: w, question: q}
			require.False(t, differ(t, func() comparison { return compare(t, w.Handler, samples, c.arms(samples)) }), "known and unknown")

			slow := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.Header.Get("User-Agent"), "known") {
					time.Sleep(3 * time.Millisecond)
				}
				w.Handler.ServeHTTP(rw, r)
			})
			const few = samples / 10
			require.True(t, differ(t, func() comparison { return compare(t, slow, few, c.arms(few)) }), "a planted difference is found")
		})
	}
}
