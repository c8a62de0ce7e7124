package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func testReport() *report {
	r := &report{
		Started: testNow.UTC(), Go: "go1.26", System: "linux/amd64", Cores: 2, Database: "SQLite 3.50.4", Seconds: 5,
		Process: process{BinaryBytes: 31_400_000, StartMedian: 41.234, StartWorst: 120, EmptyStart: 250, IdleBytes: 24 << 20, LoadedBytes: 48 << 20},
		References: []measurement{
			{Name: refRSA, Mode: closed, Connections: 2, PerSecond: 1200, P50: 1.5, P95: 2, P99: 2.25},
			{Name: refSelect, Mode: closed, Connections: 1, PerSecond: 10000, P50: 0.1, P95: 0.2, P99: 0.3},
			{Name: refSelect, Mode: closed, Connections: 8, PerSecond: 20000, P50: 0.4, P95: 0.5, P99: 0.6},
		},
		SeedUsers: 1000, SeedGrants: 5000,
	}
	userinfo := scenario{name: "userinfo", reference: refSelect}
	code := scenario{name: "code_rs256", reference: refRSA}
	r.add(userinfo, measurement{Name: "userinfo", Mode: closed, Connections: 8, PerSecond: 5000, P50: 1, P95: 2, P99: 4}, false)
	r.add(userinfo, measurement{Name: "userinfo", Mode: opened, Connections: 8, PerSecond: 100, P50: 0.5, P95: 0.6, P99: 0.8}, false)
	r.add(code, measurement{Name: "code_rs256", Mode: closed, Connections: 32, PerSecond: 600, P50: 50, P95: 60, P99: 100}, false)
	r.add(userinfo, measurement{Name: "userinfo", Mode: closed, Connections: 8, PerSecond: 4000, P50: 1.5, P95: 2, P99: 5}, true)
	return r
}

func TestRatios(t *testing.T) {
	r := testReport()
	require.InDelta(t, 0.25, r.Results[0].Ratio, 1e-9, "the reference with as many connections")
	require.Zero(t, r.Results[1].Ratio, "an open loop has no rate of its own")
	require.InDelta(t, 0.5, r.Results[2].Ratio, 1e-9, "a reference on all cores")
	require.InDelta(t, 1.25, r.Results[3].SeededP99, 1e-9)
	r.add(scenario{name: "userinfo", reference: refSelect}, measurement{Name: "userinfo", Mode: closed, Connections: 3, PerSecond: 1}, false)
	require.Zero(t, r.Results[4].Ratio, "nothing to compare with")
}

func TestWrong(t *testing.T) {
	r := testReport()
	require.False(t, r.wrong())
	r.Beside = &comparison{SignIns: measurement{Errors: 1}}
	require.True(t, r.wrong())
	r = testReport()
	r.Results[2].Errors = 1
	require.True(t, r.wrong())
}

func TestTable(t *testing.T) {
	r := testReport()
	r.Results[2].Errors, r.Results[2].FirstError = 3, "answer 503: temporarily_unavailable: Later."
	r.Beside = &comparison{
		Alone:   measurement{Name: "refresh alone", Mode: opened, Connections: 32, PerSecond: 200, P50: 1, P95: 2, P99: 3},
		Beside:  measurement{Name: "refresh beside sign-ins", Mode: opened, Connections: 32, PerSecond: 199.5, P50: 1, P95: 2, P99: 4.5},
		SignIns: measurement{Name: "sign-ins", Mode: closed, Connections: 32, PerSecond: 45.25, P50: 700, P95: 800, P99: 900}, P99: 1.5,
	}
	var text bytes.Buffer
	require.NoError(t, writeTable(&text, r))
	want := `
linux/amd64, 2 cores, go1.26, SQLite 3.50.4; 5 s each

   binary    start   worst   empty      idle  after load
  31.4 MB  41.2 ms  120 ms  250 ms  24.0 MiB    48.0 MiB

     reference  connections  per second  p50 ms  p95 ms  p99 ms
  rsa2048_sign            2        1200    1.50    2.00    2.25
     db_select            1       10000    0.10    0.20    0.30
     db_select            8       20000    0.40    0.50    0.60

    scenario    load  connections  per second  p50 ms  p95 ms  p99 ms  errors  ratio            to       store  p99 ratio
    userinfo  closed            8        5000    1.00    2.00    4.00       0   0.25     db_select       small
    userinfo    open            8         100    0.50    0.60    0.80       0      -                     small
  code_rs256  closed           32         600    50.0    60.0     100       3   0.50  rsa2048_sign       small
    userinfo  closed            8        4000    1.50    2.00    5.00       0   0.20     db_select  +1000/5000       1.25

                             load  connections  per second  p50 ms  p95 ms  p99 ms  errors
            refresh alone    open           32         200    1.00    2.00    3.00       0
  refresh beside sign-ins    open           32         200    1.00    2.00    4.50       0
                 sign-ins  closed           32        45.2     700     800     900       0

p99 of tokens beside sign-ins: 1.50 times that without

code_rs256 with 32 connections, first of 3 errors: answer 503: temporarily_unavailable: Later.
`
	var lines []string
	for line := range strings.Lines(text.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	require.Equal(t, strings.TrimPrefix(want, "\n"), strings.Join(lines, "\n")+"\n")
}

func TestJSON(t *testing.T) {
	var text bytes.Buffer
	r := testReport()
	require.NoError(t, writeJSON(&text, r))
	var back report
	require.NoError(t, json.Unmarshal(text.Bytes(), &back))
	require.Equal(t, *r, back)
	var raw struct {
		Results []map[string]any `json:"results"`
	}
	require.NoError(t, json.Unmarshal(text.Bytes(), &raw))
	require.Equal(t, map[string]any{
		"name": "userinfo", "mode": "closed", "connections": 8.0, "per_second": 5000.0, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 4.0, "errors": 0.0,
		"reference": "db_select", "ratio": 0.25,
	}, raw.Results[0])
}

func TestNewMeasurement(t *testing.T) {
	s := sample{
		latencies: []time.Duration{time.Millisecond, 2 * time.Millisecond, 30 * time.Millisecond},
		errors:    1, firstError: errors.New("x"), duration: 2 * time.Second,
	}
	require.Equal(t, measurement{
		Name: "jwks", Mode: closed, Connections: 8, PerSecond: 1.5, P50: 2, P95: 30, P99: 30, Errors: 1, FirstError: "x",
	}, newMeasurement("jwks", closed, 8, s))
}
