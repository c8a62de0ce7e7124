package authorize

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/limit"
)

// The limits of a server in service let thousands of people behind one address sign in, and stop ten thousand requests that are never continued.
func TestFlowLimitsAreGenerous(t *testing.T) {
	passed := func(l *limit.Limiter, each time.Duration) (n int) {
		for i := range 10_000 {
			if _, wait := l.Take("k", noon.Add(time.Duration(i)*each)); wait == 0 {
				n++
			}
		}
		return n
	}
	burst := NewLimits()
	for want, l := range map[int]*limit.Limiter{
		3000: burst.Known, 2000: burst.Address, 1000: burst.App, 200: burst.Unproven, 5000: burst.Proven, 300: burst.Objects,
	} {
		require.Equal(t, want, passed(l, 0))
	}
	require.Equal(t, 10_000, passed(NewLimits().Address, time.Second/2), "two a second for hours")
	require.Less(t, passed(NewLimits().Unproven, time.Millisecond), 1200)
}
