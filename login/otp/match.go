package otp

import (
	"crypto/subtle"
	"time"
)

const (
	maxWindow = 10        // steps on each side that Match is willing to accept
	maxDrift  = time.Hour // on each side that Drift is willing to search
)

// Match looks for a normalized code in the time steps from window before now
// to window after it (0 to 10; RFC 6238 section 5.2) and returns the largest
// step it belongs to. All steps are computed and compared in constant time, so
// that the time taken tells neither whether nor where a code matched.
//
// A match alone is not an acceptance: the caller accepts the step only if it
// is greater than the last one accepted for this key. A key that Validate
// refuses, or a window outside the range, matches nothing.
func (k Key) Match(code string, now time.Time, window int) (step int64, ok bool) {
	if k.Validate() != nil || window < 0 || window > maxWindow {
		return 0, false
	}
	current := k.Step(now)
	for s := current - int64(window); s <= current+int64(window); s++ {
		if k.equal(code, s) {
			step, ok = s, true
		}
	}
	return step, ok
}

// Drift says by how much the authenticator's clock is off, for the message
// after a code that Match did not find: it searches the time steps up to limit
// (at most one hour) on each side of now and returns the smallest offset at
// which the code would have been right, a multiple of the period. A positive
// offset means that the authenticator's clock is ahead. It must never lead to
// an acceptance.
func (k Key) Drift(code string, now time.Time, limit time.Duration) (offset time.Duration, ok bool) {
	if k.Validate() != nil || limit < 0 || limit > maxDrift {
		return 0, false
	}
	period := time.Duration(k.Period) * time.Second
	current, reach := k.Step(now), int64(limit/period)
	var nearest int64
	for distance := reach; distance >= 0; distance-- {
		for _, steps := range [2]int64{-distance, distance} {
			if k.equal(code, current+steps) {
				nearest, ok = steps, true
			}
		}
	}
	return time.Duration(nearest) * period, ok
}

func (k Key) equal(code string, step int64) bool {
	right, err := k.Code(step)
	return err == nil && subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1
}
