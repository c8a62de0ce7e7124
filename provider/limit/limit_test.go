package limit

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	l := New(3, time.Second)
	take := l.Take
	for range 3 {
		missed, wait := take("a", now)
		require.Zero(t, missed)
		require.Zero(t, wait)
	}
	for range 2 {
		_, wait := take("a", now)
		require.Equal(t, time.Second, wait)
	}
	_, wait := take("b", now)
	require.Zero(t, wait, "another key")
	_, wait = take("a", now.Add(600*time.Millisecond))
	require.Equal(t, 400*time.Millisecond, wait.Round(time.Millisecond))
	missed, wait := take("a", now.Add(time.Second))
	require.Zero(t, wait)
	require.Equal(t, 3, missed)
	missed, _ = take("a", now.Add(2*time.Second))
	require.Zero(t, missed, "told once")

	for i := range mostKeys {
		take("key "+strconv.Itoa(i), now)
	}
	require.LessOrEqual(t, len(l.byKey), mostKeys)
	take("new", now.Add(3*time.Second))
	require.LessOrEqual(t, len(l.byKey), mostKeys)
}
