package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func upTo(n int) []time.Duration {
	latencies := make([]time.Duration, n)
	for i := range latencies {
		latencies[i] = time.Duration(i + 1)
	}
	return latencies
}

func TestPercentile(t *testing.T) {
	for _, c := range []struct {
		name      string
		latencies []time.Duration
		percent   float64
		want      time.Duration
	}{
		{"nothing measured", nil, 99, 0},
		{"one", upTo(1), 50, 1},
		{"one", upTo(1), 99, 1},
		{"median of two is the lower", upTo(2), 50, 1},
		{"p95 of two is the upper", upTo(2), 95, 2},
		{"median of five", []time.Duration{15, 20, 35, 40, 50}, 50, 35},
		{"p5 of five", []time.Duration{15, 20, 35, 40, 50}, 5, 15},
		{"p30 of five", []time.Duration{15, 20, 35, 40, 50}, 30, 20},
		{"p40 of five", []time.Duration{15, 20, 35, 40, 50}, 40, 20},
		{"p100 of five", []time.Duration{15, 20, 35, 40, 50}, 100, 50},
		{"p50 of a hundred", upTo(100), 50, 50},
		{"p95 of a hundred", upTo(100), 95, 95},
		{"p99 of a hundred", upTo(100), 99, 99},
		{"p99 of 99", upTo(99), 99, 99},
		{"p99 of 101", upTo(101), 99, 100},
		{"p99 of a thousand", upTo(1000), 99, 990},
		{"p0 is the least", upTo(10), 0, 1},
	} {
		require.Equal(t, c.want, sample{latencies: c.latencies}.percentile(c.percent), c.name)
	}
}

func TestMerge(t *testing.T) {
	first := errors.New("first")
	whole := merge([]sample{
		{latencies: []time.Duration{30, 10}},
		{latencies: []time.Duration{20}, errors: 2, firstError: first},
		{errors: 1, firstError: errors.New("second")},
	}, 2*time.Second)
	require.Equal(t, []time.Duration{10, 20, 30}, whole.latencies)
	require.Equal(t, 3, whole.errors)
	require.Equal(t, first, whole.firstError)
	require.InDelta(t, 1.5, whole.perSecond(), 1e-9)
}
