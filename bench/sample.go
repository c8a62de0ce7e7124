package main

import (
	"math"
	"slices"
	"time"
)

// sample has the latencies of right answers and the number of wrong answers.
type sample struct {
	latencies  []time.Duration
	errors     int
	firstError error
	duration   time.Duration
}

func (s *sample) add(latency time.Duration, err error) {
	if err == nil {
		s.latencies = append(s.latencies, latency)
		return
	}
	s.errors++
	if s.firstError == nil {
		s.firstError = err
	}
}

// merge returns one sample of all parts, with its latencies in ascending order.
func merge(parts []sample, duration time.Duration) sample {
	whole := sample{duration: duration}
	for _, part := range parts {
		whole.latencies = append(whole.latencies, part.latencies...)
		whole.errors += part.errors
		if whole.firstError == nil {
			whole.firstError = part.firstError
		}
	}
	slices.Sort(whole.latencies)
	return whole
}

// perSecond returns the rate of right answers.
func (s sample) perSecond() float64 {
	return float64(len(s.latencies)) / s.duration.Seconds()
}

// percentile returns the smallest latency that at least p percent of the latencies do not exceed (nearest rank), or zero for an
// empty sample. The latencies must be in ascending order.
func (s sample) percentile(p float64) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	rank := int(math.Ceil(p * float64(len(s.latencies)) / 100)) // multiplying first keeps a whole rank whole
	return s.latencies[max(rank, 1)-1]
}
