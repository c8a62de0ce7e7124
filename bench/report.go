package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// The ways of generating load.
const (
	closed = "closed" // each connection sends as soon as it has the answer
	opened = "open"   // requests come at a fixed rate
)

// measurement is one line of figures. The latencies, in milliseconds, and the rate are those of right answers only.
type measurement struct {
	Name        string  `json:"name"`
	Mode        string  `json:"mode"`
	Connections int     `json:"connections"`
	PerSecond   float64 `json:"per_second"`
	P50         float64 `json:"p50_ms"`
	P95         float64 `json:"p95_ms"`
	P99         float64 `json:"p99_ms"`
	Errors      int     `json:"errors"`
	FirstError  string  `json:"first_error,omitempty"`
}

func newMeasurement(name, mode string, connections int, s sample) measurement {
	ms := func(p float64) float64 { return float64(s.percentile(p)) / float64(time.Millisecond) }
	m := measurement{
		Name: name, Mode: mode, Connections: connections, PerSecond: s.perSecond(), P50: ms(50), P95: ms(95), P99: ms(99), Errors: s.errors,
	}
	if s.firstError != nil {
		m.FirstError = s.firstError.Error()
	}
	return m
}

// result is the measurement of a scenario, with the comparison to its reference.
type result struct {
	measurement
	Reference string  `json:"reference,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"` // of the rates; 0: there is no comparison
	// Seeded says that the scenario ran after rows were added. SeededP99 is its p99 divided by the one before that.
	Seeded    bool    `json:"seeded,omitempty"`
	SeededP99 float64 `json:"p99_to_unseeded,omitempty"`
}

// process is what a server costs apart from its answers.
type process struct {
	BinaryBytes int64 `json:"binary_bytes"`
	// Milliseconds from the start of the process to its first 200, with a database that is in use.
	StartMedian float64 `json:"start_median_ms"`
	StartWorst  float64 `json:"start_worst_ms"`
	// EmptyStart is the same without a database, so that the schema and the keys are made. SQLite only.
	EmptyStart float64 `json:"start_empty_ms,omitempty"`
	// Resident memory; 0 if the system does not report it.
	IdleBytes   int64 `json:"idle_rss_bytes"`
	LoadedBytes int64 `json:"loaded_rss_bytes"`
}

// comparison has the figures of the token endpoint without and with simultaneous sign-ins.
type comparison struct {
	Alone   measurement `json:"alone"`
	Beside  measurement `json:"beside"`
	SignIns measurement `json:"sign_ins"`
	P99     float64     `json:"p99_ratio"`
}

// report has all figures of one run.
type report struct {
	Started    time.Time     `json:"started"`
	Go         string        `json:"go"`
	System     string        `json:"system"`
	Cores      int           `json:"cores"`
	Database   string        `json:"database"`
	Seconds    float64       `json:"seconds_each"`
	Process    process       `json:"process"`
	References []measurement `json:"references"`
	Results    []result      `json:"results"`
	Beside     *comparison   `json:"token_beside_sign_ins,omitempty"`
	Against    []pairing     `json:"against,omitempty"` // with --against, which measures nothing else
	SeedUsers  int           `json:"seed_users,omitempty"`
	SeedGrants int           `json:"seed_grants,omitempty"`
}

func newReport(now time.Time, p plan) *report {
	return &report{
		Started: now, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.GOMAXPROCS(0),
		Seconds: p.duration.Seconds(),
	}
}

// add appends a measurement of s, with its ratio to the reference that was measured with as many connections, or on all cores.
func (r *report) add(s scenario, m measurement, seeded bool) {
	row := result{measurement: m, Seeded: seeded}
	if m.Mode == closed {
		row.Reference = s.reference
		row.Ratio = ratio(m.PerSecond, r.referenceRate(s.reference, m.Connections))
	}
	if seeded {
		row.SeededP99 = ratio(m.P99, r.unseededP99(m))
	}
	r.Results = append(r.Results, row)
}

// ratio returns a / b, or 0 if b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func (r *report) referenceRate(name string, connections int) float64 {
	onCores := slices.Contains([]string{refRSA, refECDSA, refEdDSA, refArgon}, name)
	for _, m := range r.References {
		if m.Name == name && (onCores || m.Connections == connections) {
			return m.PerSecond
		}
	}
	return 0
}

func (r *report) unseededP99(like measurement) float64 {
	for _, row := range r.Results {
		if !row.Seeded && row.Name == like.Name && row.Mode == like.Mode && row.Connections == like.Connections {
			return row.P99
		}
	}
	return 0
}

// wrong reports whether the server gave any wrong answer.
func (r *report) wrong() bool {
	against := func(p pairing) bool { return p.Other.Errors+p.Tested.Errors > 0 }
	beside := r.Beside != nil && r.Beside.Alone.Errors+r.Beside.Beside.Errors+r.Beside.SignIns.Errors > 0
	return beside || slices.ContainsFunc(r.Against, against) || slices.ContainsFunc(r.Results, func(row result) bool { return row.Errors > 0 })
}

func writeJSON(w io.Writer, r *report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
